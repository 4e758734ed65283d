"""Tells how well damage is seen picture by picture on the half for testing: by the network, by what the rule makes of it, by the threshold rule and by trees over
compact features. Weights and thresholds are chosen on the recordings for choosing, which the network was not trained on. Intervals are of a bootstrap over
recordings."""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from net import TILE, Damage, planes
from pictures import VISIBLE, Pictures, load, tiles
from spoil import RATE

EVERY = 5  # of the pictures that are looked at
DRAWS = 1000
# What the rule knows of a picture besides the network's scores (detector/rule/corruption_score.go).
SYMPTOMS = ["rows_grown", "grid_grown", "moved", "grid", "flat", "usual_rows"]


class Looked:
    """Pictures that were looked at: which recording they are of, whether they are damaged, what is known of them."""

    def __init__(self):
        self.content, self.mimic, self.sound, self.label = [], [], [], []
        self.net, self.before, self.rule, self.rows, self.symptoms = [], [], [], [], []

    def arrays(self):
        for name, value in vars(self).items():
            setattr(self, name, np.array(value))
        return self


def logit(p: np.ndarray) -> np.ndarray:
    """Of scores as bytes, as far as they tell."""
    p = np.clip(p, 0.5, 254.5) / 255
    return np.log(p / (1 - p))


def picture_score(scores: np.ndarray) -> float:
    """One figure of a picture's tiles, as detector/rule has it: the mean logit of the two worst."""
    return float(np.sort(logit(scores))[-2:].mean())


def look(net: Damage, p: Pictures, i: int) -> np.ndarray:
    """The scores of the tiles that the edge looks at, as bytes."""
    luma, before = p.luma[i], p.luma[i - 1]
    at = tiles(np.asarray(luma), i // RATE)
    x = planes(np.stack([luma[y : y + TILE, x : x + TILE] for x, y in at]), np.stack([before[y : y + TILE, x : x + TILE] for x, y in at]))
    with torch.no_grad():
        return np.round(255 * torch.sigmoid(net(torch.from_numpy(x))[0]).numpy())


def records(file: Path, framewatch: str) -> list[dict]:
    """What the edge measures on a stream."""
    kept = file.with_suffix(".ndjson")
    if not kept.exists():
        subprocess.run([framewatch, "analyze", "--features", str(kept), str(file)], capture_output=True, check=False)
    return [r["video_frame"] for r in map(json.loads, kept.read_text().splitlines()) if "video_frame" in r]


def compact(frames: list[dict]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compact features of each picture, and their names' logarithms: as they are, above the median of the three seconds before, and the most and the mean of
    eight pictures; beside them the score of the threshold rule, and its SYMPTOMS."""
    def log1(x):
        return np.log2(1 + max(x or 0, 0))

    raw = []
    for f in frames:
        b, m, d, t = f.get("block") or {}, f.get("macroblock") or {}, f.get("difference") or {}, f.get("detail") or {}
        raw.append([b.get("h8", 0) / 64, b.get("v8", 0) / 64, b.get("h16", 0) / 64, b.get("v16", 0) / 64, log1(m.get("row_max")), log1(m.get("row_std")),
                    log1(m.get("edge_share")), log1(m.get("edge_max")), log1(m.get("difference_share")), log1(m.get("difference_max")), log1(m.get("flat")),
                    log1(d.get("low")), log1(d.get("previous")), (t.get("laplacian_full") or 0) / 256, (t.get("noise") or 0) / 64])
    raw = np.array(raw)
    rows, rule, symptoms = [], [], []
    for i in range(len(raw)):
        scene, last = raw[max(0, i - 3 * RATE) : i + 1], raw[max(0, i - 7) : i + 1]
        above = last - np.median(scene, 0)
        rows.append(np.concatenate([raw[i], raw[i] - np.median(scene, 0), above.max(0), last.max(0), last.mean(0)]))
        usual = np.quantile(scene, 0.3, 0)
        grid = np.maximum(last[:, 0], last[:, 1])
        rows_grown, grid_grown = (last[:, 5] - usual[5]).max(), (grid - np.quantile(np.maximum(scene[:, 0], scene[:, 1]), 0.3)).max()
        score = 0.687 * last[:, 8].mean() - 0.954 * grid.mean() + 0.874 * rows_grown - 0.128 * last[:, 10].mean()
        gated = rows_grown >= 0.3 and grid_grown >= 0.1 and usual[5] >= 2.5
        rule.append((score, score if gated else -20))
        symptoms.append((rows_grown, grid_grown, last[:, 8].mean(), grid.mean(), last[:, 10].mean(), usual[5]))
    return np.array(rows), np.array(rule), np.array(symptoms)


def look_at(half: str, net: Damage, folder: Path, framewatch: str) -> Looked:
    out = Looked()
    for p in load(1, half, folder):
        if min(p.luma.shape[1:]) < TILE:
            continue
        rows, rule, symptoms = compact(records(folder / f"{p.stream.name}.ts", framewatch))
        seen = {}
        for i in range(EVERY, min(len(p.luma), len(rows)), EVERY):
            if p.held[i]:
                continue
            seen[i] = picture_score(look(net, p, i))
            out.content.append(p.stream.footage.content)
            out.mimic.append("" if p.stream.moves else p.stream.mimic)
            out.sound.append(p.stream.loss == 0)
            out.label.append(p.whole[i] > VISIBLE)
            out.net.append(seen[i])
            out.before.append(seen.get(i - RATE, seen[i]))
            out.rule.append(rule[i])
            out.rows.append(rows[i])
            out.symptoms.append(symptoms[i])
    return out.arrays()


def f1(label: np.ndarray, said: np.ndarray) -> float:
    hit = (label & said).sum()
    return 2 * hit / max(1, label.sum() + said.sum())


def best_threshold(label: np.ndarray, score: np.ndarray) -> float:
    return max(np.quantile(score, np.linspace(0, 1, 201)), key=lambda t: f1(label, score >= t))


def figures(name: str, tune: Looked, test: Looked, on_tune: np.ndarray, on_test: np.ndarray, seed: int) -> dict:
    """AUC and F1 without mimics, with intervals; and the share of sound pictures with a mimic that are called damaged."""
    threshold = best_threshold(tune.label[tune.mimic == ""], on_tune[tune.mimic == ""])
    plain = test.mimic == ""
    content, label, score = test.content[plain], test.label[plain], on_test[plain]
    draw, contents = np.random.default_rng(seed), sorted(set(content))
    of = {c: np.flatnonzero(content == c) for c in contents}
    aucs, f1s = [], []
    for _ in range(DRAWS):
        at = np.concatenate([of[c] for c in draw.choice(contents, len(contents))])
        if 0 < label[at].sum() < len(at):
            aucs.append(roc_auc_score(label[at], score[at]))
            f1s.append(f1(label[at], score[at] >= threshold))
    between = lambda x: [round(float(q), 3) for q in np.quantile(x, [0.025, 0.975])]
    return {
        "by": name, "pictures": int(plain.sum()), "damaged": int(label.sum()), "auc": round(float(roc_auc_score(label, score)), 3), "auc_95": between(aucs),
        "f1": round(float(f1(label, score >= threshold)), 3), "f1_95": between(f1s), "threshold": round(float(threshold), 3),
        "precision": round(float((label & (score >= threshold)).sum() / max(1, (score >= threshold).sum())), 3),
        "sound_streams_called": round(float((score >= threshold)[test.sound[plain]].mean()), 4),
        "mimics_called": {m: round(float((on_test >= threshold)[test.mimic == m].mean()), 3) for m in sorted(set(test.mimic) - {""})},
    }


def main() -> None:
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("data", type=Path)
    a.add_argument("model", type=Path, help=".pt that train.py wrote")
    a.add_argument("framewatch", help="the program, for compact features")
    a.add_argument("--seed", type=int, default=1)
    given = a.parse_args()
    torch.set_num_threads(1)
    net = Damage()
    net.load_state_dict(torch.load(given.model))
    net.eval()
    tune, test = (look_at(half, net, given.data, given.framewatch) for half in ("choose", "test"))
    np.savez(given.model.with_suffix(".looked.npz"), **{f"{h}_{k}": v for h, l in (("choose", tune), ("test", test)) for k, v in vars(l).items()})

    def tried(name: str, model, table) -> None:
        """Fits a model to what the recordings for choosing show without mimics, and chooses its threshold by what it says of each when fitted to the others."""
        plain, x = tune.mimic == "", table(tune)
        fitted = np.zeros(len(x))
        fitted[plain] = cross_val_predict(model, x[plain], tune.label[plain], groups=tune.content[plain], cv=LeaveOneGroupOut(), method="predict_proba")[:, 1]
        model.fit(x[plain], tune.label[plain])
        if hasattr(model, "coef_"):
            print(json.dumps({"weights": model.coef_[0].round(3).tolist(), "intercept": round(float(model.intercept_[0]), 3)}))
        tell(name, fitted, model.predict_proba(table(test))[:, 1])

    def tell(name: str, on_tune: np.ndarray, on_test: np.ndarray) -> None:
        print(json.dumps(figures(name, tune, test, on_tune, on_test, given.seed)), flush=True)

    forest = HistGradientBoostingClassifier(max_iter=150, max_leaf_nodes=15, learning_rate=0.06, random_state=given.seed)
    tell("network", tune.net, test.net)
    tried("network and symptoms", LogisticRegression(max_iter=1000), lambda l: np.column_stack([l.net, l.symptoms]))
    tell("threshold rule", tune.rule[:, 1], test.rule[:, 1])
    tell("threshold rule without gates", tune.rule[:, 0], test.rule[:, 0])
    tried("trees", forest, lambda l: l.rows)
    tried("trees with the network's score", forest, lambda l: np.column_stack([l.rows, l.net, l.before]))


if __name__ == "__main__":
    main()
