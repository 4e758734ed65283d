#!/usr/bin/env python3
"""Trains the model "corruption" on the table that `framewatch model rows` makes, and writes it with its card and golden rows.

    framewatch model rows --clips testdata/clips --out rows.csv
    python train.py rows.csv --out detector/rule/models/corruption.json --version 2

Sources whose names begin with a to m are trained on; those from n to z are only scored at the end, with what is shipped. The operating point is chosen
on the first half, out of fold by source. The same rows and seed give the same model.
"""

import argparse
import csv
import hashlib
import json
import pathlib

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

SCRIPT = "2"  # grows with every change of what this script makes of the same rows
VISIBLE = 35.0  # dB of luma PSNR below which damage is visible
NEAR = (25.0, 45.0)  # dB between which the linear part tells how visible it is
EDGES = ("row_std", "row_max", "edge_share", "edge_max", "difference_share", "difference_max", "concealment_colour")
WARM_UP = 100  # pictures at the beginning of which the detector says nothing


class Table:
    """The rows: of pictures without features, which do not hang on a damaged packet, x is zero."""

    def __init__(self, files):
        digest, columns = hashlib.sha256(), []
        self.fingerprint, self.names = None, None
        for number, file in enumerate(files):
            data = pathlib.Path(file).read_bytes()
            digest.update(data)
            lines = data.decode().splitlines()
            fingerprint = lines[0].removeprefix("# features ")
            header, *rows = csv.reader(lines[1:])
            if self.fingerprint not in (None, fingerprint):
                raise SystemExit(f"{file}: features {fingerprint}, the others are {self.fingerprint}")
            self.fingerprint, self.names = fingerprint, header[5:]
            columns += [(r[0], f"{number} {r[1]}", *r[2:5], np.array(r[5:], float) if r[5] else None) for r in rows if int(r[2]) >= WARM_UP]
        self.digest = digest.hexdigest()
        self.source = np.array([r[0] for r in columns])
        self.clip = np.array([r[1] for r in columns])
        self.psnr = np.array([float(r[3]) for r in columns])
        self.flagged = np.array([r[4] == "true" for r in columns])
        self.tainted = np.array([r[5] is not None for r in columns])
        nothing = np.zeros(len(self.names))
        self.x = np.array([nothing if r[5] is None else r[5] for r in columns])
        self.bad = self.psnr < VISIBLE
        self.tuning = np.array([s < "n" for s in self.source])

    def column(self, name):
        return self.x[:, self.names.index(name)]


def grows(name):
    """1 of features of which more never makes damage less likely: that holds for sources that nobody has seen, too."""
    prefix, _, look = name.partition("_")
    excess = prefix in ("over", "peak", "mean", "long", "least") and look in EDGES
    return int(excess or name in ("hit_concealed", "hit_concealed_max", "concealed_max8", "concealed_sum32"))


def weights(source):
    """Each source counts the same."""
    _, which, counts = np.unique(source, return_inverse=True, return_counts=True)
    return (counts.mean() / counts)[which]


def folds(source):
    """Which rows are trained on and which are told, four times: each source is told once."""
    return GroupKFold(n_splits=min(4, len(np.unique(source)))).split(source, groups=source)


class Model:
    """Trees over the features and a linear part, which carries from source to source what trees tell by heart. It is fitted to how visible damage is; trees are
    trained on what it says of sources that it has not seen."""

    def __init__(self, table, rows, args):
        rows = rows[::args.every]
        x, source = table.x[rows], table.source[rows]
        weight, visible = weights(source), -np.clip(table.psnr[rows], *NEAR)
        told = np.zeros(len(rows))
        for train, test in folds(source):
            told[test] = self.line(x[train], visible[train], weight[train], args).linear(x[test])
        self.line(x, visible, weight, args)
        self.trees = HistGradientBoostingClassifier(
            max_iter=args.trees, learning_rate=args.rate, max_leaf_nodes=8, max_depth=3, min_samples_leaf=50, max_bins=127, l2_regularization=5.0, max_features=0.3,
            early_stopping=False, random_state=args.seed, monotonic_cst=[grows(n) for n in table.names] + [1])
        self.trees.fit(np.column_stack([x, told]), table.bad[rows], sample_weight=weight)

    def line(self, x, visible, weight, args):
        scaler = StandardScaler().fit(x)
        ridge = Ridge(args.ridge).fit(scaler.transform(x), visible, sample_weight=weight)
        self.weights = np.array([float(f"{w:.9g}") for w in ridge.coef_ / scaler.scale_])
        self.intercept = float(ridge.intercept_ - self.weights @ scaler.mean_)
        return self

    def linear(self, x):
        return x @ self.weights + self.intercept

    def decision_function(self, x):
        return self.trees.decision_function(np.column_stack([x, self.linear(x)]))


def out_of_fold(table, rows, args):
    """Margins of rows by models that have not seen their source."""
    margins, index = np.zeros(len(table.source)), np.flatnonzero(rows)
    groups = table.source[index]
    for train, test in folds(groups):
        margins[index[test]] = Model(table, index[train], args).decision_function(table.x[index[test]])
    return margins


def logistic(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def rates(score, bad, threshold):
    found = score >= threshold
    hits = np.sum(found & bad)
    precision, recall = hits / max(np.sum(found), 1), hits / max(np.sum(bad), 1)
    return {"precision": precision, "recall": recall, "f1": 2 * hits / max(np.sum(found) + np.sum(bad), 1), "accuracy": np.mean(found == bad)}


def recall_at(score, bad, precision):
    """The largest recall at which the precision is at least so much."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(bad[order])
    last = np.append(score[order][1:] != score[order][:-1], True)  # equal scores are found together
    good = last & (hits / np.arange(1, len(order) + 1) >= precision)
    return hits[good].max(initial=0) / max(bad.sum(), 1)


def best_threshold(score, bad):
    levels = np.arange(0.02, 0.98, 0.01)
    return float(round(levels[np.argmax([rates(score, bad, t)["f1"] for t in levels])], 2))


def figures(table, rows, score, threshold, draws, seed):
    """Figures of rows, each with a 95 % interval by drawing sources again."""
    def of(index):
        bad, s = table.bad[index], score[index]
        return {"auc": roc_auc_score(bad, s), **rates(s, bad, threshold), "recall at P95": recall_at(s, bad, 0.95), "recall at P99": recall_at(s, bad, 0.99)}

    index = np.flatnonzero(rows)
    by_source = [index[table.source[index] == s] for s in np.unique(table.source[index])]
    random, drawn = np.random.default_rng(seed), []
    for _ in range(draws):
        sample = np.concatenate([by_source[i] for i in random.integers(len(by_source), size=len(by_source))])
        if 0 < table.bad[sample].sum() < len(sample):
            drawn.append(of(sample))
    whole = of(index)
    return {k: (whole[k], *np.quantile([d[k] for d in drawn], [0.025, 0.975])) for k in whole}


def defects(table, rows, score, threshold):
    """What the rule makes of the scores: a defect is eight pictures in a row that are bad, and what follows within five seconds. Those without visible damage
    within a second are false. Gives how many there are, how many of them are false, and the hours of media."""
    index = np.flatnonzero(rows)
    found, false = 0, 0
    for clip in np.unique(table.clip[index]):
        of = index[table.clip[index] == clip]
        bad, last = score[of] >= threshold, None
        spans = []
        for i in range(7, len(of)):
            if bad[i - 7:i + 1].all():
                if last is not None and i - last <= 125:
                    spans[-1][1] = i
                else:
                    spans.append([i - 7, i])
                last = i
        for start, end in spans:
            found += 1
            false += not table.bad[of[max(start - 25, 0):end + 26]].any()
    return found, false, len(index) / 25 / 3600


def hand_rule(table):
    """The threshold rule that the model takes the place of: fitted by logistic regression, gated by what grows over the median without taint."""
    grown = np.maximum(table.column("peak_row_std"), table.column("peak_edge_share"))
    grown = np.where(table.column("usual_known") > 0, grown, 0.5)
    score = logistic(-2.8 + 0.76 * np.minimum(table.column("ancestors"), 5) + 0.27 * table.column("look_row_std") + 0.23 * grown)
    return np.where(table.tainted & (grown >= 0.5), score, 0)


def trees(model):
    """The trees as lists of nodes: what has the feature at or below the threshold goes left."""
    out = []
    for (predictor,) in model._predictors:
        n = predictor.nodes
        leaf = n["is_leaf"].astype(bool)
        out.append({
            "feature": [0 if l else int(f) for f, l in zip(n["feature_idx"], leaf)], "threshold": [0.0 if l else float(t) for t, l in zip(n["num_threshold"], leaf)],
            "left": [0 if l else int(i) for i, l in zip(n["left"], leaf)], "right": [0 if l else int(i) for i, l in zip(n["right"], leaf)],
            "value": [round(float(v), 7) if l else 0.0 for v, l in zip(n["value"], leaf)]})
    return out


def lookalike(table):
    return np.array([": with " in c for c in table.clip])


def table_of(title, columns, lines):
    head = f"| {title} | " + " | ".join(columns) + " |"
    return "\n".join([head, "|" + "---|" * (len(columns) + 1)] + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in lines])


def span(f):
    return f"{f[0]:.3f} ({f[1]:.3f} to {f[2]:.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+")
    parser.add_argument("--out", default="corruption.json")
    parser.add_argument("--golden", help="also write rows with their probabilities, by which another evaluator can be checked")
    parser.add_argument("--version", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trees", type=int, default=150)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--ridge", type=float, default=100.0, help="how far the linear part's weights are held down")
    parser.add_argument("--every", type=int, default=3, help="of how many pictures one is trained on: neighbours are alike")
    parser.add_argument("--draws", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--notes", help="Markdown that ends the card: what was measured with the model in the detector")
    args = parser.parse_args()

    table = Table(args.rows)
    train, test = table.tuning & table.tainted, ~table.tuning
    margins = out_of_fold(table, train, args)
    platt = LogisticRegression(C=1e6).fit(margins[train, None], table.bad[train])
    slope, intercept = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    score = np.where(train, logistic(slope * margins + intercept), 0)
    threshold = best_threshold(score[table.tuning], table.bad[table.tuning])
    model = Model(table, np.flatnonzero(train), args)
    unseen = test & table.tainted
    score[unseen] = logistic(slope * model.decision_function(table.x[unseen]) + intercept)
    file = {
        "format": 1, "kind": "trees", "name": "corruption", "version": args.version, "features": table.fingerprint, "names": table.names,
        "linear": {"weights": model.weights.tolist(), "intercept": model.intercept}, "base": float(np.ravel(model.trees._baseline_prediction)[0]), "calibration": {"slope": slope, "intercept": intercept}, "threshold": threshold, "trees": trees(model.trees),
        "training": {"seed": args.seed, "data": table.digest, "rows": int(train.sum()), "sources": sorted(set(table.source[train])), "made": "corruption/train.py " + SCRIPT}}
    out = pathlib.Path(args.out)
    out.write_text(json.dumps(file, separators=(",", ":")) + "\n")
    if args.golden:
        golden(args, table, np.flatnonzero(unseen), score)
    card = make_card(args, table, train, test, score, threshold)
    out.with_suffix(".md").write_text(card)
    print(card)


def golden(args, table, rows, score):
    chosen = np.random.default_rng(args.seed).choice(rows, size=min(100, len(rows)), replace=False)
    pathlib.Path(args.golden).write_text(json.dumps({"version": args.version, "rows": [
        {"features": table.x[i].tolist(), "probability": float(score[i])} for i in sorted(chosen)]}, separators=(",", ":")) + "\n")


def make_card(args, table, train, test, score, threshold):
    shown = ["auc", "f1", "precision", "recall", "accuracy", "recall at P95", "recall at P99"]
    hand = hand_rule(table)
    scores = [("this model", score, threshold), ("threshold rule it takes the place of", hand, 0.75), ("taint: a damaged packet since the last clean key picture", table.tainted.astype(float), 0.5),
              ("error flag of the decoder", table.flagged.astype(float), 0.5)]
    lines = []
    for name, s, t in scores:
        f = figures(table, test, s, t, args.draws, args.seed)
        lines.append((name, [span(f[k]) for k in shown]))
    tuned = figures(table, table.tuning, score, threshold, args.draws, args.seed)
    by_clip = []
    for what in sorted({c.split(": ", 1)[1] for c in table.clip[test]}):
        rows = test & np.array([c.split(": ", 1)[1] == what for c in table.clip])
        bad = table.bad[rows]
        r = rates(score[rows], bad, threshold)
        auc = f"{roc_auc_score(bad, score[rows]):.3f}" if 0 < bad.sum() < len(bad) else "-"
        by_clip.append((what, [str(rows.sum()), f"{bad.mean():.2f}", auc, f"{r['f1']:.3f}", f"{r['precision']:.3f}", f"{r['recall']:.3f}"]))
    by_source = []
    for what in sorted(set(table.source[test])):
        rows = test & (table.source == what)
        bad = table.bad[rows]
        r = rates(score[rows], bad, threshold)
        auc = f"{roc_auc_score(bad, score[rows]):.3f}" if 0 < bad.sum() < len(bad) else "-"
        by_source.append((what, [str(rows.sum()), f"{bad.mean():.2f}", auc, f"{r['f1']:.3f}", f"{r['precision']:.3f}", f"{r['recall']:.3f}"]))
    alarms = []
    for name, which in [("codings", ~lookalike(table)), ("lookalikes", lookalike(table))]:
        if (test & which).any():
            found, false, hours = defects(table, test & which, score, threshold)
            most = (false + 1.96 * np.sqrt(false + 1) + 2) / hours * 24  # about the upper end of a Poisson count's 95 % interval
            alarms.append((name, [f"{hours:.2f}", str(found), str(false), f"{false / hours * 24:.0f}", f"{most:.0f}"]))
    columns = ["pictures", "visible damage", "AUC", "F1", "precision", "recall"]
    notes = pathlib.Path(args.notes).read_text() if args.notes else ""
    return f"""# Model card: corruption, version {args.version}

Scores pictures that hang on a damaged packet (they are *tainted*) by how likely damage is to be seen in them: the part `in-band` of the rule `corruption`. {args.trees} gradient-boosted
trees of at most 8 leaves over {len(table.names)} features (fingerprint `{table.fingerprint}`) of the picture, its excess over the median of the pictures before the taint, the last 8 and
32 pictures, and what the decoder says, and over a weighted sum of them. A picture that is not tainted has the score 0.

## Data
{len(set(table.clip))} clips of {len(set(table.source))} sources, {len(table.source)} pictures after the first {WARM_UP} of each clip, of which {table.tainted.sum()} are tainted and {table.bad.sum()} visibly damaged: luma PSNR below {VISIBLE:.0f} dB
against the decode without losses. Packets of MPEG-TS are lost at random; codings and shares lost are those of the table by coding below. SHA-256 of the rows: `{table.digest}`.
Trained on {', '.join(sorted(set(table.source[train])))}. Never seen in training: {', '.join(sorted(set(table.source[test])))}.
Made by `deploy/training/corruption/train.py` (version {SCRIPT}), seed {args.seed}.

## Figures per picture, sources never seen
With 95 % intervals from {args.draws} draws of sources. The operating point is the probability {threshold:.2f}, chosen for F1 on the training sources, out of fold.

{table_of("", ["AUC", "F1"] + shown[2:], lines)}

On the training sources, out of fold by source: AUC {span(tuned['auc'])}, F1 {span(tuned['f1'])}.

{table_of("coding", columns, by_clip)}

{table_of("source", columns, by_source)}

## False defects
A stream that loses nothing has no tainted picture, and so none of these defects, whatever it shows. While packets are lost (all the time, in these clips), defects as the rule makes
them of the scores, eight pictures in a row and more, with no visible damage within a second of them are false:

{table_of("never seen", ["hours", "defects", "false", "false a stream-day of losses", "at most, 95 %"], alarms)}

Lookalikes are what programmes show that looks like damage: mosaic effects, confetti, rain, retro graphics and subtitles put onto the same footage, with 0.25 % of packets lost besides.

## Limits
Random losses of single MPEG-TS packets only: no bursts, no retransmission, no wrong bytes. Pictures are 512x288 and 768x432 at 25 a second; H.264, HEVC and MPEG-2 of FFmpeg's
encoders; concealment is that of FFmpeg's decoders. VP9 and AV1 were not tried. HEVC says nothing of concealed blocks, and H.264 in slices hides losses in small parts of the picture: both are found less
well. A taint that lasts for more than ten seconds has nothing to be compared with, and is scored by its looks alone.

{notes}"""


if __name__ == "__main__":
    main()
