package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// modelRows is the command's flags.
type modelRows struct {
	clips   []string
	sources []string
	only    string
	seed    uint64
	jobs    int
	out     string
	config  Config
	stdout  io.Writer
	stderr  io.Writer
}

func modelRowsCommand() *cobra.Command {
	r := modelRows{}
	cmd := &cobra.Command{
		Use:   "rows",
		Short: "Make the labelled table that the model \"corruption\" is trained on",
		Long: "Make the labelled table that the model \"corruption\" is trained on: clips of natural footage are coded several ways, some of their packets are lost,\n" +
			"and each picture is a line of CSV with the features as the rule computes them, and how alike it is to the picture that was sent (luma PSNR, dB).\n" +
			"Pictures that do not hang on a damaged packet have no features. The first line, a comment, names the features' fingerprint.\n" +
			"Clips that cannot be compared with what was sent are left out. What is encoded is kept in the cache. The same clips and seed give the same table.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			if r.jobs < 1 {
				return usage(fmt.Errorf("--jobs: %d is less than 1", r.jobs))
			}
			r.config, r.stdout, r.stderr = config, cmd.OutOrStdout(), cmd.ErrOrStderr()
			return r.run(cmd.Context())
		},
	}
	cmd.Flags().StringSliceVar(&r.clips, "clips", nil, "folders of the clips; of footage that is in two the first counts (default: testdata/clips of the source tree)")
	cmd.Flags().StringSliceVar(&r.sources, "sources", nil, "only footage of these names (default: all)")
	cmd.Flags().StringVar(&r.only, "only", "", "only clips whose names, such as \"nasa: HEVC, 0.5 % lost\", match this regular expression")
	cmd.Flags().Uint64Var(&r.seed, "seed", 1, "seed of which packets are lost")
	cmd.Flags().IntVar(&r.jobs, "jobs", runtime.NumCPU(), "how many clips are made and measured at a time")
	cmd.Flags().StringVar(&r.out, "out", "rows.csv", "file to write")
	return cmd
}

// run makes the table; the clips stand in it in the order of their list.
func (r *modelRows) run(ctx context.Context) error {
	log, err := newLogger(LogConfig{Level: "error", Format: "text"}, r.stderr)
	if err != nil {
		return err
	}
	slog.SetDefault(log) // that a clip with losses cannot be decoded in part is no news
	if len(r.clips) == 0 {
		folder, err := findClips("")
		if err != nil {
			return usage(err)
		}
		r.clips = []string{folder}
	}
	cache, err := clipCache()
	if err != nil {
		return err
	}
	all, folders := lab.LossyClips(r.clips, r.seed)
	if all, err = r.wanted(all); err != nil {
		return usage(err)
	}
	tables := make([]string, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.jobs)
	for i, l := range all {
		group.Go(func() (err error) {
			tables[i], err = r.table(ctx, l, folders[l.Source], cache)
			if err == nil {
				fmt.Fprintf(r.stderr, "%s\n", l.Name)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return r.write(tables)
}

// wanted leaves in the list what --sources and --only name.
func (r *modelRows) wanted(all []lab.Lossy) ([]lab.Lossy, error) {
	only, err := regexp.Compile(r.only)
	if err != nil {
		return nil, fmt.Errorf("--only: %w", err)
	}
	some := slices.DeleteFunc(all, func(l lab.Lossy) bool {
		return len(r.sources) > 0 && !slices.Contains(r.sources, l.Source) || !only.MatchString(l.Name)
	})
	if len(some) == 0 {
		return nil, fmt.Errorf("none of the clips is to be made of what is in %q", r.clips)
	}
	return some, nil
}

// table is the rows of one clip.
func (r *modelRows) table(ctx context.Context, l lab.Lossy, clips, cache string) (string, error) {
	made, err := l.Make(ctx, clips, cache)
	if errors.Is(err, lab.ErrBegunAnew) {
		fmt.Fprintf(r.stderr, "%s is left out: %v\n", l.Name, err)
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var text strings.Builder
	corruption := rule.NewCorruption().(*rule.Corruption)
	record, first := rule.Record{}, int64(-1)
	err = r.measured(ctx, made.File, func(f *schemas.Feature) error {
		session, at := f.Origin()
		record.Take(session+at, f)
		corruption.Judge(&record)
		for _, more := corruption.More(); more; _, more = corruption.More() {
			continue
		}
		if v := f.VideoFrame; v != nil {
			if first < 0 {
				first = v.PTS
			}
			writeRow(&text, l, v, int((v.PTS-first+1800)/3600), made.Likeness, corruption.Features())
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("measure %s: %w", l.Name, err)
	}
	return text.String(), nil
}

// keptRecords is where what is measured of a file is kept: by the file's bytes, what is measured, and how that is written.
func keptRecords(file string) (string, error) {
	clip, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %08x %x", feature.Version, feature.OpenCV(), schemas.ID(schemas.Baked(), schemas.Features), sha256.Sum256(clip))
	return filepath.Join(filepath.Dir(file), fmt.Sprintf("%x.records", h.Sum(nil)[:12])), nil
}

// measured gives what is measured of a file. It is kept beside it, so that other features of models are made of it without decoding.
func (r *modelRows) measured(ctx context.Context, file string, take func(*schemas.Feature) error) error {
	contract := schemas.Baked()
	kept, err := keptRecords(file)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(kept)
	if errors.Is(err, fs.ErrNotExist) {
		c := ingest.MeasureConfig{URL: file, Sandbox: r.config.Ingest.Sandbox, WorkerMemory: r.config.Ingest.WorkerMemory}
		err = ingest.Measure(ctx, c, func(f *schemas.Feature) error {
			value, err := schemas.Append(contract, schemas.Features, nil, f)
			data = append(binary.AppendUvarint(data, uint64(len(value))), value...)
			return err
		})
		if err == nil {
			err = lab.Keep(kept, data)
		}
	}
	for err == nil && len(data) > 0 {
		f := new(schemas.Feature)
		n, skip := binary.Uvarint(data)
		if skip <= 0 || n > uint64(len(data)-skip) {
			return fmt.Errorf("read %s: it breaks off", kept)
		}
		if err = schemas.Decode(contract, schemas.Features, data[skip:skip+int(n)], f); err == nil {
			err = take(f)
		}
		data = data[skip+int(n):]
	}
	return err
}

// writeRow adds a picture: source, clip, picture, likeness, whether the decoder has flagged it, and its features.
func writeRow(w *strings.Builder, l lab.Lossy, v *schemas.VideoFrame, picture int, likeness []float64, features []float64) {
	alike := 100.0
	if picture >= 0 && picture < len(likeness) {
		alike = likeness[picture]
	}
	flagged := v.Decode != nil && (v.Decode.ErrorFlags != 0 || v.Decode.Concealed > 0)
	fmt.Fprintf(w, "%s,%q,%d,%.2f,%v", l.Source, l.Name, picture, alike, flagged)
	for i := range rule.DamageFeatures.Names {
		w.WriteByte(',')
		if features != nil {
			w.WriteString(strconv.FormatFloat(features[i], 'g', -1, 64))
		}
	}
	w.WriteByte('\n')
}

// write puts the tables into one file, and says what its SHA-256 is.
func (r *modelRows) write(tables []string) (err error) {
	f, err := os.Create(r.out)
	if err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(f, sum))
	fmt.Fprintf(w, "# features %s\nsource,clip,picture,psnr,flagged,%s\n", rule.DamageFeatures.Fingerprint(), strings.Join(rule.DamageFeatures.Names, ","))
	for _, table := range tables {
		w.WriteString(table)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	_, err = fmt.Fprintln(r.stdout, hex.EncodeToString(sum.Sum(nil)))
	return err
}
