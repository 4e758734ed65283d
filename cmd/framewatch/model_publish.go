package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// modelPublish is the command's flags.
type modelPublish struct {
	card, kind, name, features, by string
	version                        int64
	candidate                      bool
}

func modelPublishCommand() *cobra.Command {
	p := modelPublish{}
	cmd := &cobra.Command{
		Use:   "publish FILE",
		Short: "Publish a new version of a model, and put it in force",
		Long: "Publish a new version of a model, and put it in force: detectors score by it from their next setting on, and edges from their next sampled picture on,\n" +
			"without a restart. Trees (JSON) say themselves what they are called and of which version; they are refused when no rule here uses them, or when they do not\n" +
			"score the features that it has. Of onnx, a network of the edge, --name and --version say it; a worker in its sandbox tries it, and it is refused when OpenCV\n" +
			"cannot read it, when its input or output has another shape, or when it costs too much. A version is of one content for ever.\n" +
			"The model card (Markdown) is --card, else the file of the same name that ends in .md.",
		Example: "  framewatch model publish corruption.json --candidate\n  framewatch model promote corruption@2\n  framewatch model rollback corruption",
		Args:    oneArg,
		RunE:    func(cmd *cobra.Command, args []string) error { return p.run(cmd, args[0]) },
	}
	cmd.Flags().StringVar(&p.card, "card", "", "file of the model card")
	cmd.Flags().StringVar(&p.kind, "kind", treesKind, "trees or onnx")
	cmd.Flags().StringVar(&p.name, "name", "", "what a model of kind onnx is called")
	cmd.Flags().Int64Var(&p.version, "version", 0, "version of a model of kind onnx")
	cmd.Flags().StringVar(&p.features, "features", "", "what a model of kind onnx is shown, in a word (default: what edges here show it)")
	cmd.Flags().BoolVar(&p.candidate, "candidate", false, "only publish it: `model promote` puts it in force")
	byFlag(cmd, &p.by)
	return cmd
}

func (p *modelPublish) run(cmd *cobra.Command, file string) error {
	if p.by == "" {
		return usage(fmt.Errorf("--by: who does it?"))
	}
	m, err := p.read(file)
	if err != nil {
		return usage(fmt.Errorf("publish %s: %w", file, err))
	}
	a, all, err := commandModels(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	same, err := all.fits(m)
	if err == nil {
		err = a.usable(cmd.Context(), m)
	}
	if err != nil {
		return err
	}
	if same { // the card of what stands there stays
		if m, err = all.find(m.name, m.Version); err != nil {
			return err
		}
	} else if err := a.cluster.Publish(cmd.Context(), 0, topology.Models.Message(modelKey(m.name, m.Version), m.Model)); err != nil {
		return err
	}
	fate := "is in force"
	if p.candidate {
		fate = "is published and not in force"
		err = a.audit(cmd.Context(), p.by, "model publish", modelKey(m.name, m.Version), "candidate", "command line")
	} else {
		err = a.enforce(cmd.Context(), m, p.by, "model publish", "")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", modelKey(m.name, m.Version), fate)
	return nil
}

// read makes the record of a file.
func (p *modelPublish) read(file string) (keptModel, error) {
	weights, err := smallFile(file, model.MaxBytes)
	if err != nil {
		return keptModel{}, err
	}
	m := keptModel{name: p.name, Model: &schemas.Model{Kind: p.kind, Version: p.version, Features: p.features, Weights: weights, SHA256: sha256.Sum256(weights), Created: time.Now().UnixMicro()}}
	switch p.kind {
	case treesKind:
		if p.name != "" || p.version != 0 || p.features != "" {
			return m, fmt.Errorf("--name, --version and --features are for onnx: trees say it themselves")
		}
		t, err := rule.ReadModel(weights)
		if err != nil {
			return m, err
		}
		m.name, m.Version, m.Features = t.Name, t.Version, rule.Models[t.Name].Fingerprint()
	case onnxKind:
		if _, ours := rule.Models[p.name]; ours {
			return m, fmt.Errorf("--name: %s is a model of trees", p.name)
		}
		known, err := knownNetwork(p.name)
		if err != nil {
			return m, fmt.Errorf("--name: %w", err)
		}
		if m.Features == "" {
			m.Features = known.Input
		}
		if _, err := readNetwork(p.name, m.Model); err != nil {
			return m, err
		}
	default:
		return m, fmt.Errorf("--kind: %q is neither trees nor onnx", p.kind)
	}
	m.Card, err = p.readCard(file)
	return m, err
}

// readCard reads the model card.
func (p *modelPublish) readCard(file string) (string, error) {
	card := p.card
	if card == "" {
		card = strings.TrimSuffix(file, filepath.Ext(file)) + ".md"
	}
	text, err := smallFile(card, maxCard)
	if err != nil {
		return "", fmt.Errorf("read the model card, which --card names: %w", err)
	}
	return strings.ToValidUTF8(string(text), "\uFFFD"), nil
}

// smallFile reads a file of at most so many bytes.
func smallFile(file string, most int64) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes, at most %d may be", file, info.Size(), most)
	}
	return os.ReadFile(file)
}
