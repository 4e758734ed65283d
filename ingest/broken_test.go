package ingest_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

const brokenMedia = "../testdata/broken"

// refused are the files of which nothing can be decoded, and what is said of them; the others have pictures as the manifest says, or else sound.
var refused = map[string]string{
	"WrongFile.mp4":                                               "moov atom not found",
	"tsduck_142_sync_loss.ts":                                     "its tracks are data epg",
	"tsduck_145_corrupt_hevc_sps.ts":                              "its tracks are video hevc",
	"crashtests/0-timescale.mp4":                                  "its tracks are video h264",
	"crashtests/1180881.webm":                                     "Header size larger than data provided",
	"crashtests/1414444.mp4":                                      "Invalid NAL unit size",
	"crashtests/1787281.mp4":                                      "Invalid sample size -758",
	"crashtests/1859384.mp4":                                      "PPS id out of range: 0",
	"crashtests/1860840.mp4":                                      "Invalid sample size -16777148",
	"crashtests/1917627.mp4":                                      "non-existing PPS 0 referenced",
	"crashtests/invalidfmt.wav":                                   "no 'fmt ' or 'XMA2' tag found",
	"crashtests/noextradata-8ch.wav":                              "no decoder for none",
	"invalid/invalid-m0c3.opus":                                   "Channel mapping 0 is only specified for up to 2 channels",
	"mp4_demuxer/test_case_1156505.mp4":                           "its tracks are data none",
	"mp4_demuxer/test_case_1181215.mp4":                           "its tracks are audio aac, video mpeg4",
	"mp4_demuxer/test_case_1296473.mp4":                           "corrupted STTS atom",
	"mp4_demuxer/test_case_1301065-harder.mp4":                    "its tracks are audio aac",
	"mp4_demuxer/test_case_1301065-i64min.mp4":                    "its tracks are audio aac",
	"mp4_demuxer/test_case_1519617-cenc-init-with-track_id-0.mp4": "its tracks are video h264",
}

// decoded is how many pictures the manifest says that ffmpeg made of a file.
var decoded = regexp.MustCompile(`frames=(\d+)`)

// Every broken file is read or refused within its worker, and in time: what can be decoded is, and what cannot says why.
func TestBrokenMedia(t *testing.T) {
	file, err := os.Open(filepath.Join(brokenMedia, "manifest.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Scan()
	columns := strings.Split(lines.Text(), "\t")
	n := 0
	for lines.Scan() {
		row := map[string]string{}
		for i, value := range strings.Split(lines.Text(), "\t") {
			row[columns[i]] = value
		}
		n++
		t.Run(row["path"], func(t *testing.T) {
			t.Parallel()
			testBroken(t, row)
		})
	}
	if err := lines.Err(); err != nil || n != 30 {
		t.Errorf("the manifest lists %d files, %v; want 30", n, err)
	}
}

func testBroken(t *testing.T, row map[string]string) {
	path := filepath.Join(brokenMedia, row["path"])
	if got := fmt.Sprintf("%x", sha256.Sum256(must(os.ReadFile(path)))); got != row["sha256"] {
		t.Errorf("SHA-256 is %s, the manifest says %s", got, row["sha256"])
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	pictures, blocks := 0, 0
	err := ingest.Measure(ctx, ingest.MeasureConfig{URL: path, Log: quiet()}, func(f *schemas.Feature) error {
		if f.VideoFrame != nil {
			pictures++
		}
		if f.AudioBlock != nil {
			blocks++
		}
		return nil
	})
	if why, ok := refused[row["path"]]; ok {
		if err == nil || !strings.Contains(err.Error(), "nothing in it can be decoded: ") || !strings.Contains(err.Error(), why) || pictures+blocks > 0 {
			t.Errorf("%d pictures, %d blocks of sound, %v; want none, and an error with %q", pictures, blocks, err, why)
		}
		return
	}
	want := 0
	if told := decoded.FindStringSubmatch(row["decode"]); told != nil {
		want, _ = strconv.Atoi(told[1])
	}
	if err != nil || pictures != want || want == 0 && blocks == 0 {
		t.Errorf("%d pictures, %d blocks of sound, %v; want %d pictures, or sound where there are none", pictures, blocks, err, want)
	}
}
