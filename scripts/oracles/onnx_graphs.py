"""Exports narrow networks as ONNX, and writes what ONNX Runtime computes with each.

    python3 scripts/oracles/onnx_graphs.py crates/graph/fixtures

The networks and weights are those of graphs.py, so NAME.safetensors there has the activation and the gradient of PyTorch too; onnx.safetensors has the
logits of ONNX Runtime for the images of `images` in scripts/export_pt2.py, by the names of the files. Half of them are written by PyTorch's older exporter and
half by its newer one. Two more are written operator by operator: `channels_last.onnx` as tf2onnx writes networks of Keras, `older.onnx` with opset 11, numbers one by one
and what newer exporters do not write any more.

This file is not called onnx.py, which would be imported in place of the package.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import graphs
import numpy
import onnx
import onnxruntime
import torch
from graph_versions import SIZE
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from export_pt2 import MOST_IMAGES, images

OLDER = [graphs.deit, graphs.mobilenet, graphs.resnet, graphs.rest]
NEWER = [graphs.vit, graphs.swin, graphs.convnext, graphs.efficientnet]
SEED = 20261128
CLASSES = 5
# What onnx.checker asks of files for each opset.
IR = {11: 6, 13: 7}


def exported(module, newer):
    """The bytes of a network for any number of images, without what only people read."""
    example = (images(2, SIZE, 1),)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "network.onnx"))
        if newer:
            batch = torch.export.Dim("batch", min=1, max=MOST_IMAGES)
            torch.onnx.export(module, example, path, dynamo=True, dynamic_shapes=({0: batch},), external_data=False, verbose=False)
        else:
            names = {"images": {0: "batch"}, "logits": {0: "batch"}}
            torch.onnx.export(module, example, path, dynamo=False, input_names=["images"], output_names=["logits"], dynamic_axes=names)
        model = onnx.load(path)
    del model.graph.value_info[:]
    model.doc_string = model.graph.doc_string = ""
    del model.metadata_props[:], model.graph.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        kept = [entry for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    return model


class Written:
    """A network written operator by operator."""

    def __init__(self, opset):
        self.opset, self.nodes, self.tensors = opset, [], []
        self.numbers = numpy.random.default_rng(SEED)

    def weight(self, name, *shape, spread=0.3, about=0.0):
        return self.tensor(name, (self.numbers.standard_normal(shape) * spread + about).astype(numpy.float32))

    def tensor(self, name, values, raw=True):
        values = numpy.asarray(values)
        if raw:
            tensor = numpy_helper.from_array(values, name)
        else:
            tensor = helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape, values.flatten().tolist())
        self.tensors.append(tensor)
        return name

    def node(self, operator, inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [f"{name}:0"], name=name, **attributes))
        return f"{name}:0"

    def model(self, shape, outputs, listed=()):
        inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)]
        inputs += [helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims) for tensor in listed]
        graph = helper.make_graph(self.nodes, "network", inputs, outputs, self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], producer_name="scripts/oracles", ir_version=IR[self.opset])
        onnx.checker.check_model(model)
        return model


def channels_last():
    """As tf2onnx has it: colours last, padding by name, norms and activations in parts, shares and the class beside them."""
    net = Written(13)
    x = net.node("Transpose", ["images"], "model/conv1/Conv2D__6", perm=[0, 3, 1, 2])
    weights = [net.weight("model/conv1/Conv2D/ReadVariableOp:0", 8, 3, 3, 3), net.weight("model/conv1/BiasAdd/ReadVariableOp:0", 8)]
    x = net.node("Conv", [x, *weights], "model/conv1/BiasAdd", auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3])
    norm = [net.weight(f"model/bn1/{part}:0", 8, about=about) for part, about in (("gamma", 1), ("beta", 0), ("mean", 0))]
    norm.append(net.tensor("model/bn1/variance:0", net.numbers.uniform(0.5, 1.5, 8).astype(numpy.float32)))
    x = net.node("BatchNormalization", [x, *norm], "model/bn1/FusedBatchNormV3", epsilon=1e-3)
    bounds = [net.tensor("low", numpy.float32(0)), net.tensor("high", numpy.float32(6))]
    x = net.node("Clip", [x, *bounds], "model/relu6/Relu6")
    x = net.node("MaxPool", [x], "model/pool1/MaxPool", auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3])
    x = net.node("AveragePool", [x], "model/pool2/AvgPool", auto_pad="SAME_LOWER", strides=[2, 2], kernel_shape=[2, 2])
    x = net.node("AveragePool", [x], "model/pool3/AvgPool", pads=[0, 0, 1, 2], kernel_shape=[3, 3])
    y = net.node("HardSigmoid", [net.node("GlobalAveragePool", [x], "model/se/Mean")], "model/se/hard_sigmoid", alpha=0.2, beta=0.5)
    x = net.node("Mul", [x, y], "model/se/mul")
    depthwise = net.weight("model/depthwise/kernel:0", 8, 1, 3, 2)
    x = net.node("Conv", [x, depthwise], "model/depthwise/depthwise", group=8, dilations=[2, 1], pads=[0, 1, 3, 0], kernel_shape=[3, 2])
    # Back to colours last, and over tokens.
    x = net.node("Transpose", [x], "model/tokens/Transpose", perm=[0, 2, 3, 1])
    x = net.node("Reshape", [x, net.tensor("places", [-1, 48, 8], raw=False)], "model/tokens/Reshape")
    x = layer_norm(net, x, "model/norm")
    kernel = net.weight("model/dense1/kernel:0", 8, 12)
    x = net.node("Add", [net.node("MatMul", [x, kernel], "model/dense1/MatMul"), net.weight("model/dense1/bias:0", 12)], "model/dense1/BiasAdd")
    x = net.node("Mul", [x, gelu(net, x, "model/gelu")], "model/gelu/mul")
    x = net.node("ReduceMean", [x], "model/mean/Mean", axes=[1], keepdims=0)
    x = net.node("MatMul", [x, net.weight("model/logits/kernel:0", 12, CLASSES)], "model/logits/MatMul")
    logits = net.node("Add", [net.weight("model/logits/bias:0", CLASSES), x], "model/logits/BiasAdd")
    shares = net.node("Softmax", [logits], "model/softmax/Softmax", axis=-1)
    label = net.node("ArgMax", [shares], "model/label/ArgMax", axis=1, keepdims=0)
    outputs = [
        helper.make_tensor_value_info(shares, TensorProto.FLOAT, [None, CLASSES]),
        helper.make_tensor_value_info(label, TensorProto.INT64, [None]),
    ]
    return net.model([None, SIZE, SIZE, 3], outputs)


def layer_norm(net, x, name):
    apart = net.node("Sub", [x, net.node("ReduceMean", [x], f"{name}/mean", axes=[-1])], f"{name}/sub")
    square = net.node("Pow", [apart, net.tensor(f"{name}/two", numpy.float32(2))], f"{name}/square")
    variance = net.node("ReduceMean", [square], f"{name}/variance", axes=[-1])
    deviation = net.node("Sqrt", [net.node("Add", [variance, net.tensor(f"{name}/epsilon", numpy.float32(1e-5))], f"{name}/more")], f"{name}/sqrt")
    normed = net.node("Div", [apart, deviation], f"{name}/div")
    scaled = net.node("Mul", [normed, net.weight(f"{name}/gamma:0", 8, about=1)], f"{name}/mul")
    return net.node("Add", [scaled, net.weight(f"{name}/beta:0", 8)], f"{name}/add")


def gelu(net, x, name):
    """The share of x that is kept."""
    scaled = net.node("Mul", [x, net.tensor(f"{name}/root", numpy.float32(0.5**0.5))], f"{name}/scale")
    more = net.node("Add", [net.node("Erf", [scaled], f"{name}/erf"), net.tensor(f"{name}/one", numpy.float32(1))], f"{name}/more")
    return net.node("Mul", [more, net.tensor(f"{name}/half", numpy.float32(0.5))], f"{name}/half_of")


def older():
    """Opset 11, parameters among the inputs, numbers one by one and in half precision, and rarer operators."""
    net = Written(11)

    def listed(name, values):
        return net.tensor(name, values, raw=False)

    x = net.node("Conv", ["images", net.weight("w0", 8, 3, 4, 4), listed("b0", net.numbers.standard_normal(8).astype(numpy.float32))], "conv0", strides=[4, 4])
    x = net.node("LRN", [x], "lrn0", size=3, alpha=0.3, beta=0.6, bias=1.5)
    x = net.node("LeakyRelu", [x], "leaky0", alpha=0.1)
    x = net.node("PRelu", [x, net.weight("slope", 8, 1, 1)], "prelu0")
    x = net.node("Elu", [x], "elu0", alpha=0.7)
    x = net.node("Selu", [x], "selu0")
    x = net.node("Softplus", [x], "softplus0")
    x = net.node("Softsign", [net.node("Abs", [net.node("Neg", [x], "neg0")], "abs0")], "softsign0")
    x = net.node("MaxPool", [x], "pool0", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = net.node("InstanceNormalization", [x, net.weight("scale", 8, about=1), net.weight("shift", 8)], "norm0")
    x = net.node("DepthToSpace", [x], "depth0", blocksize=2)
    scales = listed("scales", numpy.array([1, 1, 2, 2], numpy.float32))
    x = net.node("Resize", [x, listed("region", numpy.zeros(0, numpy.float32)), scales], "resize0", mode="linear", coordinate_transformation_mode="half_pixel")
    pads = listed("pads", [0, 0, 1, 2, 0, 0, 1, 0])
    x = net.node("Pad", [x, pads, listed("by", numpy.float32(0.25))], "pad0")
    net.nodes.append(helper.make_node("Split", [x], ["left", "right"], name="split0", axis=3, split=[10, 24]))
    right = net.node("Slice", ["right", listed("from", [-1, 1]), listed("to", [-(2**63), 2**31 - 1]), listed("on", [3, 2]), listed("by_", [-1, 3])], "slice0")
    left = net.node("Softmax", ["left"], "softmax0", axis=2)
    means = [
        net.node("ReduceMean", [left], "mean0", axes=[2, 3], keepdims=0),
        net.node("ReduceL2", [right], "norm1", axes=[2, 3], keepdims=0),
        net.node("ReduceMin", [right], "min0", axes=[-2, -1], keepdims=0),
        net.node("Squeeze", [net.node("GlobalMaxPool", [left], "max0")], "squeeze0", axes=[2, 3]),
    ]
    x = net.node("Concat", means, "concat0", axis=-1)
    half = (net.numbers.standard_normal((8, 8)) * 0.4).astype(numpy.float16)
    wide = net.node("Cast", [listed("half", half)], "cast0", to=TensorProto.FLOAT)
    x = net.node("Gemm", [x, wide, net.weight("c", 1, 8)], "gemm0", alpha=0.5, beta=2.0, transB=1)
    shape = net.node("Shape", [x], "shape0")
    count = net.node("Gather", [shape, listed("first", numpy.int64(0))], "count0", axis=0)
    rows = net.node("Concat", [net.node("Unsqueeze", [count], "rows0", axes=[0]), listed("rest", [4, 2])], "rows1", axis=0)
    x = net.node("Reshape", [x, rows], "reshape0")
    x = net.node("Gather", [x, listed("order", [3, 0, 0, 2])], "gather0", axis=1)
    more = net.node("Where", [net.node("Greater", [x, listed("none", numpy.float32(0))], "above0"), x, net.node("Exp", [x], "exp0")], "where0")
    x = net.node("Max", [net.node("Min", [more, x], "smaller0"), listed("floor", numpy.float32(-0.5))], "larger0")
    x = net.node("Flatten", [x], "flatten0")
    net.nodes.append(helper.make_node("MatMul", [x, net.weight("w1", 8, CLASSES)], ["logits"]))
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", CLASSES])]
    return net.model(["N", 3, SIZE, SIZE], outputs, listed=net.tensors[:2])


def answers(model):
    """What ONNX Runtime gives for two images."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    [taken] = session.get_inputs()
    given = images(2, SIZE, 1).numpy()
    if taken.shape[-1] == 3:
        given = numpy.ascontiguousarray(given.transpose(0, 2, 3, 1))
    return session.run(None, {taken.name: given})[0]


def main(folder):
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    found = {}

    def write(name, model):
        content = model.SerializeToString()
        (folder / f"{name}.onnx").write_bytes(content)
        found[name] = answers(model)
        print(f"{name}: {len(content)} bytes, logits {found[name][0].tolist()}")

    for makers, newer in ((OLDER, False), (NEWER, True)):
        for make in makers:
            torch.manual_seed(graphs.SEED)
            module, _ = make()
            write(make.__name__, exported(graphs.randomise(module), newer))
    write("channels_last", channels_last())
    write("older", older())
    save_file(found, folder / "onnx.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
