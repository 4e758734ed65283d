"""The network, and its form for OpenCV."""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

TILE = 224
# Of luma, 8 bits on the limited scale: what is taken for the middle, and how many levels are one.
MIDDLE, LEVELS = 112, 48
# Widths of the convolutions. Each of the first four halves the lines, so that what they end in has a column and a row a macroblock.
WIDTHS = (8, 16, 32, 48, 48)


class Damage(nn.Module):
    """Tells of tiles of a picture, (n, 2, TILE, TILE), whether they are damaged: the logit of the tile, and those of its macroblocks. The planes are luma
    and by how much it is above the picture before."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS):
        super().__init__()
        self.stages = nn.ModuleList()
        before = 2
        for i, width in enumerate(widths):
            last = i == len(widths) - 1
            convolution = nn.Conv2d(before, width, 3, 1 if last else 2, 1, bias=False)
            self.stages.append(nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU()))
            before = width
        self.blocks = nn.Conv2d(before, 1, 1)
        self.tile = nn.Linear(2 * before, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for stage in self.stages:
            x = stage(x)
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        return self.tile(pooled)[:, 0], self.blocks(x)[:, 0]


def planes(luma: np.ndarray, before: np.ndarray) -> np.ndarray:
    """What the network sees of tiles, (n, TILE, TILE) of bytes, and the same tiles of the picture before."""
    x = luma.astype(np.float32)
    return np.stack([(x - MIDDLE) / LEVELS, (x - before) / LEVELS], 1)


def export(net: Damage, file: str) -> None:
    """Writes what gives the probability of a tile as ONNX of an opset that OpenCV 4.6 reads, batch normalisation folded into the convolutions."""
    net.eval()
    nodes, weights, value = [], [], "planes"

    def constant(name: str, tensor: torch.Tensor) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(tensor.detach().numpy(), np.float32), name))
        return name

    for i, (convolution, norm, _) in enumerate(net.stages):
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        w = constant(f"w{i}", convolution.weight * scale[:, None, None, None])
        b = constant(f"b{i}", norm.bias - norm.running_mean * scale)
        stride = convolution.stride[0]
        nodes.append(helper.make_node("Conv", [value, w, b], [f"c{i}"], name=f"conv{i}", kernel_shape=[3, 3], strides=[stride, stride], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"], name=f"relu{i}"))
        value = f"r{i}"
    nodes += [
        helper.make_node("GlobalAveragePool", [value], ["mean"], name="mean"),
        helper.make_node("GlobalMaxPool", [value], ["most"], name="most"),
        helper.make_node("Concat", ["mean", "most"], ["pooled"], name="pooled", axis=1),
        helper.make_node("Flatten", ["pooled"], ["flat"], name="flat", axis=1),
        helper.make_node("Gemm", ["flat", constant("wt", net.tile.weight), constant("bt", net.tile.bias)], ["logit"], name="tile", transB=1),
        helper.make_node("Sigmoid", ["logit"], ["probability"], name="probability"),
    ]
    graph = helper.make_graph(nodes, "damage", [helper.make_tensor_value_info("planes", TensorProto.FLOAT, [1, 2, TILE, TILE])],
                              [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, 1])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], producer_name="framewatch")
    model.ir_version = 6
    onnx.checker.check_model(model)
    onnx.save(model, file)
