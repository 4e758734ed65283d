package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/source"
)

// checkFFmpeg compares FFmpeg's libraries that are loaded with those that were compiled against, and looks for the usual decoders.
func checkFFmpeg(context.Context, *patient) []finding {
	release, libraries := source.Libraries()
	f := finding{Check: "ffmpeg", Status: statusOK}
	var names, unfit []string
	for _, l := range libraries {
		names = append(names, l.Name+" "+l.Loaded.String())
		if !l.Fits() {
			unfit = append(unfit, fmt.Sprintf("%s %s, built against %s", l.Name, l.Loaded, l.Compiled))
		}
	}
	f.Detail = fmt.Sprintf("FFmpeg %s: %s", release, strings.Join(names, ", "))
	if len(unfit) > 0 {
		f.Status, f.Detail = statusFail, f.Detail+"; does not fit: "+strings.Join(unfit, ", ")
		f.Remedy = "install the FFmpeg that this program was built against, or build it anew on this machine (make build)"
	}
	if missing := source.Undecodable(); len(missing) > 0 && f.Status == statusOK {
		f.Status, f.Detail = statusWarn, f.Detail+"; no decoder for "+strings.Join(missing, ", ")
		f.Remedy = "streams of these codecs are not decoded: install an FFmpeg that has them"
	}
	return []finding{f}
}

// checkOpenCV tells the version: it was loaded, or the program would not run.
func checkOpenCV(context.Context, *patient) []finding {
	return []finding{{Check: "opencv", Status: statusOK, Detail: "OpenCV " + feature.OpenCV()}}
}
