package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
)

// mistakesShown is how many wrong rows are told of at once.
const mistakesShown = 20

func verdictsImportCommand() *cobra.Command {
	var by string
	var dry bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add the verdicts in a CSV or NDJSON file, all of them or none",
		Long: "Add the verdicts in a file: .csv with a header, or .ndjson or .jsonl with an object a line. Columns are label (confirmed, false_alarm, missed), and either\n" +
			"defect or stream, kind, start and end; note, author (default: --by) and time (when it was said, default: now). Times are RFC 3339, or microseconds since\n" +
			"the Unix epoch. Every row is checked before the first is written; what holds on the log already is left out, so importing again does no harm.",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if by == "" {
				return usage(errors.New("--by: who does it?"))
			}
			rows, err := readVerdictFile(args[0])
			if err != nil {
				return usage(err)
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			return a.importVerdicts(cmd, args[0], rows, by, dry)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "check the file and say what would be added, and change nothing")
	byFlag(cmd, &by)
	return cmd
}

// readVerdictFile reads all rows of a file.
func readVerdictFile(path string) ([]opinionRow, error) {
	endings := slices.Sorted(maps.Keys(verdictFormats))
	read := verdictFormats[strings.ToLower(filepath.Ext(path))]
	if read == nil {
		return nil, fmt.Errorf("%s: the name ends in none of %s, which says what is in the file", path, strings.Join(endings, ", "))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := read(&bounded{f, largestVerdictFile})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: there are no verdicts in it", path)
	}
	return rows, nil
}

// importVerdicts checks all rows, and writes those that say something new.
func (a *app) importVerdicts(cmd *cobra.Command, path string, rows []opinionRow, by string, dry bool) error {
	verdicts, err := a.checkRows(cmd, path, rows, by)
	if err != nil {
		return err
	}
	standing, err := a.verdicts(cmd.Context(), verdictFilter{})
	if err != nil {
		return err
	}
	fresh := unsaid(verdicts, standing)
	if !dry && len(fresh) > 0 {
		if err := a.publishVerdicts(cmd.Context(), fresh); err != nil {
			return fmt.Errorf("%s: %w\nsome of it may stand on the log: import it again", path, err)
		}
		if err := a.audit(cmd.Context(), by, "verdicts import", filepath.Base(path), fmt.Sprintf("%d verdicts", len(fresh)), "command line"); err != nil {
			return err
		}
	}
	said := "added"
	if dry {
		said = "would be added"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d verdicts %s, %d hold already\n", len(fresh), said, len(verdicts)-len(fresh))
	return err
}

// checkRows makes verdicts of all rows, or tells what is wrong with each.
func (a *app) checkRows(cmd *cobra.Command, path string, rows []opinionRow, by string) ([]placedVerdict, error) {
	opinions := make([]opinion, len(rows))
	for i := range rows {
		if rows[i].Author == "" {
			rows[i].Author = by
		}
		opinions[i] = rows[i].opinion
	}
	j, err := a.judgeable(cmd.Context(), opinions...)
	if err != nil {
		return nil, err
	}
	var verdicts []placedVerdict
	var wrong []error
	now := time.Now()
	for _, r := range rows {
		v, err := placedVerdict{}, error(nil)
		mistakes := r.wrong
		if len(mistakes) == 0 {
			if v, err = j.verdict(r.opinion, now); err != nil {
				mistakes = []error{err}
			}
		}
		for _, mistake := range mistakes {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", path, r.line, mistake))
		}
		verdicts = append(verdicts, v)
	}
	if more := len(wrong) - mistakesShown; more > 0 {
		wrong = append(wrong[:mistakesShown], fmt.Errorf("and %d more", more))
	}
	if len(wrong) > 0 {
		return nil, usage(fmt.Errorf("%w\nnothing is imported", errors.Join(wrong...)))
	}
	return verdicts, nil
}

// unsaid leaves out the verdicts that say what holds already, be it on the log or further on in the list.
func unsaid(verdicts []placedVerdict, said []replay.Verdict) (fresh []placedVerdict) {
	holds := map[replay.Subject]replay.Verdict{}
	for _, v := range replay.Standing(said) {
		holds[v.Subject()] = v
	}
	for _, v := range verdicts {
		now := replay.NewVerdict(v.Stream, &v.Verdict.Verdict)
		had, there := holds[now.Subject()]
		if there && (had.Given.After(now.Given) || had.Says(now)) {
			continue
		}
		holds[now.Subject()] = now
		fresh = append(fresh, v)
	}
	return fresh
}
