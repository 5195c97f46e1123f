//! What becomes of operators, on networks of a few.

use super::*;

#[track_caller]
fn becomes(net: Written, expected: &str) {
    assert_eq!(listing(&net.gives("y")), expected);
}

/// One operator on the images.
#[track_caller]
fn alone(operator: &str, attributes: Vec<(&str, Value)>, expected: &str) {
    becomes(
        Written::new(13).then(operator, "x", "y", attributes),
        expected,
    );
}

fn kernel() -> Vec<u8> {
    reals("w", &[4, 3, 3, 3])
}

fn bounds(all: &[(&str, &[i64])], net: Written) -> Written {
    all.iter().fold(net, |net, (name, items)| {
        net.with(ints(name, &[items.len() as i64], items))
    })
}

#[test]
fn convolutions_are_padded_as_their_exporter_says() {
    let conv = |attributes| {
        Written::new(13)
            .with(kernel())
            .then("Conv", "x w", "y", attributes)
    };
    becomes(
        conv(vec![
            ("pads", Value::Ints(vec![1, 1, 1, 1])),
            ("strides", Value::Ints(vec![2, 2])),
        ]),
        "Convolution { stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1 } of x, w",
    );
    // 8 places at a stride of 2 need one more behind.
    becomes(
        conv(vec![
            ("auto_pad", Value::Text("SAME_UPPER")),
            ("strides", Value::Ints(vec![2, 2])),
        ]),
        "Pad { lengths: [0, 1, 0, 1], mode: \"constant\", number: Some(0.0) } of x\n\
         Convolution { stride: [2, 2], padding: [0, 0], dilation: [1, 1], groups: 1 } of y~, w",
    );
    becomes(
        conv(vec![("auto_pad", Value::Text("SAME_LOWER"))]),
        "Convolution { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } of x, w",
    );
    becomes(
        conv(vec![
            ("auto_pad", Value::Text("VALID")),
            ("pads", Value::Ints(vec![1, 1, 1, 1])),
        ]),
        "Convolution { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } of x, w",
    );
    becomes(
        conv(vec![("pads", Value::Ints(vec![1, 0, 2, 0]))]),
        "Pad { lengths: [0, 0, 0, 1], mode: \"constant\", number: Some(0.0) } of x\n\
         Convolution { stride: [1, 1], padding: [1, 0], dilation: [1, 1], groups: 1 } of y~, w",
    );
}

#[test]
fn pooling_pads_evenly_or_apart() {
    let pool = |operator, more: Vec<(&'static str, Value)>| {
        let mut attributes = vec![("kernel_shape", Value::Ints(vec![3, 3]))];
        attributes.extend(more);
        Written::new(13).then(operator, "x", "y", attributes)
    };
    becomes(
        pool(
            "MaxPool",
            vec![
                ("ceil_mode", Value::Int(1)),
                ("strides", Value::Ints(vec![2, 2])),
            ],
        ),
        "MaxPool { kernel: [3, 3], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceil: true } of x",
    );
    becomes(
        pool(
            "AveragePool",
            vec![
                ("pads", Value::Ints(vec![1, 1, 1, 1])),
                ("count_include_pad", Value::Int(1)),
            ],
        ),
        "AvgPool { kernel: [3, 3], stride: [1, 1], padding: [1, 1], ceil: false, counts_padding: true, divisor: None } of x",
    );
    let uneven =
        listing(&pool("MaxPool", vec![("pads", Value::Ints(vec![0, 0, 1, 1]))]).gives("y"));
    assert!(
        uneven.starts_with(
            "Pad { lengths: [0, 1, 0, 1], mode: \"constant\", number: Some(-inf) } of x\nMaxPool"
        ),
        "{uneven}"
    );
    // By the share of each window that is not padding.
    let shares =
        listing(&pool("AveragePool", vec![("pads", Value::Ints(vec![0, 0, 1, 1]))]).gives("y"));
    assert_eq!(shares.lines().count(), 6, "{shares}");
    assert!(
        shares.contains("Full { shape: [{1 }, {1 }, {8 }, {8 }], number: Real(1.0), kind: Float }"),
        "{shares}"
    );
    alone(
        "GlobalAveragePool",
        vec![],
        "AdaptiveAvgPool { size: [1, 1] } of x",
    );
    alone(
        "GlobalMaxPool",
        vec![],
        "Amax { axes: [2, 3], keep: true } of x",
    );
}

#[test]
fn products_with_parameters_are_linear_layers() {
    let net = || {
        Written::new(13).then(
            "ReduceMean",
            "x",
            "m",
            vec![
                ("axes", Value::Ints(vec![2, 3])),
                ("keepdims", Value::Int(0)),
            ],
        )
    };
    let mean = "Mean { axes: [2, 3], keep: false } of x\n";
    let with = |expected: &str| format!("{mean}{expected}");
    becomes(
        net()
            .with(reals("w", &[3, 5]))
            .then("MatMul", "m w", "y", vec![]),
        &with("Linear of m, w~"),
    );
    becomes(
        net().with(reals("w", &[5, 3])).with(reals("b", &[5])).then(
            "Gemm",
            "m w b",
            "y",
            vec![("transB", Value::Int(1))],
        ),
        &with("Linear of m, w, b"),
    );
    // The bias of its own operator.
    becomes(
        net()
            .with(reals("w", &[3, 5]))
            .with(reals("b", &[5]))
            .then("MatMul", "m w", "p", vec![])
            .then("Add", "b p", "y", vec![]),
        &with("Linear of m, w~, b"),
    );
    becomes(
        net()
            .with(reals("w", &[3, 5]))
            .with(reals("b", &[1, 5]))
            .then("Gemm", "m w b", "y", vec![("beta", Value::Real(0.5))]),
        &with(
            "Linear of m, w~\nBinary { operation: Add, alpha: Real(0.5), rounding: None } of y~, b",
        ),
    );
    // A transposed parameter is read in another order.
    becomes(
        net()
            .with(reals("w", &[5, 3]))
            .then("Transpose", "w", "t", vec![])
            .then("MatMul", "m t", "y", vec![]),
        &with("Linear of m, w"),
    );
}

#[test]
fn shapes_are_followed_and_leave_no_node() {
    let net = bounds(&[("zero", &[0]), ("rest", &[-1])], Written::new(13))
        .with(ints("first", &[], &[0]))
        .then("Shape", "x", "s", vec![])
        .then("Gather", "s first", "n", vec![("axis", Value::Int(0))])
        .then("Unsqueeze", "n zero", "u", vec![])
        .then("Concat", "u rest", "shape", vec![("axis", Value::Int(0))])
        .then("Reshape", "x shape", "y", vec![]);
    becomes(net, "Reshape { shape: [{batch}, {-1 }] } of x");
    // What exporters write to repeat a token for each image.
    let net = bounds(
        &[("wanted", &[-1, 1, 3]), ("three", &[3]), ("one", &[-1])],
        Written::new(13),
    )
    .with(reals("cls.token", &[1, 1, 3]))
    .with(ints("first", &[1], &[0]))
    .then(
        "ConstantOfShape",
        "three",
        "ones",
        vec![("value", Value::Tensor(ints("", &[1], &[1])))],
    )
    .then("Mul", "ones one", "wild", vec![])
    .then("Equal", "wanted wild", "is_wild", vec![])
    .then("Where", "is_wild ones wanted", "shape", vec![])
    .then("Expand", "cls.token shape", "one_image", vec![])
    .then(
        "Shape",
        "x",
        "s",
        vec![("start", Value::Int(0)), ("end", Value::Int(1))],
    )
    .then(
        "Concat",
        "s first first",
        "t",
        vec![("axis", Value::Int(0))],
    )
    .then("Max", "t shape", "sizes", vec![])
    .then("Expand", "one_image sizes", "y", vec![]);
    becomes(net, "Expand { shape: [{batch}, {-1 }, {3 }] } of cls.token");
}

#[test]
fn shapes_depend_on_the_side_of_images_that_is_asked_for() {
    let bytes = bounds(&[("places", &[2, 3])], Written::new(13))
        .of(vec![info("x", 1, &[0, 3, 0, 0])])
        .then("Shape", "x", "s", vec![])
        .then("Gather", "s places", "sides", vec![])
        .then("Tile", "x places4", "y", vec![])
        .with(ints("places4", &[4], &[1, 1, 1, 1]))
        .then("Expand", "y s", "z", vec![])
        .gives("z");
    let content = Content::whole(&bytes).unwrap();
    let refused = read(&content, None).unwrap_err().to_string();
    assert!(refused.contains("fixed height and width"), "{refused}");
    let program = read(&content, Some(48)).unwrap();
    assert_eq!(program.size, [None, None]);
    assert_eq!(program.graph.nodes.len(), 1, "{:?}", program.graph.nodes);
}

#[test]
fn numbers_on_their_own_become_constants_of_operators() {
    let net = || {
        Written::new(13)
            .with(reals("half", &[]))
            .with(reals("one", &[1, 1, 1, 1]))
    };
    let scalar = |name: &str, left: bool| {
        format!(
            "Scalar {{ operation: {name}, number: Real(0.5), left: {left}, rounding: None }} of x"
        )
    };
    becomes(
        net().then("Div", "half x", "y", vec![]),
        &scalar("Div", true),
    );
    becomes(
        net().then("Sub", "x one", "y", vec![]),
        &scalar("Sub", false),
    );
    becomes(
        net().then("Pow", "x half", "y", vec![]),
        &scalar("Pow", false),
    );
    becomes(
        net()
            .then("Greater", "x half", "y", vec![])
            .then("Identity", "y", "z", vec![]),
        &scalar("Gt", false),
    );
    becomes(
        net().then("Max", "half x", "y", vec![]),
        "Clamp { least: Some(Real(0.5)), most: None } of x",
    );
    becomes(
        net().then("Clip", "x half", "y", vec![]),
        "Clamp { least: Some(Real(0.5)), most: None } of x",
    );
    becomes(
        net().then("Clip", "x - half", "y", vec![]),
        "Clamp { least: None, most: Some(Real(0.5)) } of x",
    );
    // What was learned stays a parameter, even a single number.
    let net =
        Written::new(13)
            .with(reals("gate.scale", &[1]))
            .then("Mul", "x gate.scale", "y", vec![]);
    becomes(
        net,
        "Binary { operation: Mul, alpha: Int(1), rounding: None } of x, gate.scale",
    );
}

#[test]
fn activation_functions_are_those_of_the_graph_where_it_has_them() {
    use Value::Real;
    alone("HardSwish", vec![], "Unary(Hardswish) of x");
    alone(
        "HardSigmoid",
        vec![("alpha", Real(1.0 / 6.0))],
        "Unary(Hardsigmoid) of x",
    );
    alone(
        "Gelu",
        vec![("approximate", Value::Text("tanh"))],
        "Gelu { tanh: true } of x",
    );
    let sigmoid = listing(
        &Written::new(13)
            .then("HardSigmoid", "x", "y", vec![])
            .gives("y"),
    );
    assert!(
        sigmoid.ends_with("Clamp { least: Some(Real(0.0)), most: Some(Real(1.0)) } of y~"),
        "{sigmoid}"
    );
    becomes(
        Written::new(13)
            .then("Sigmoid", "x", "s", vec![])
            .then("Mul", "s x", "y", vec![]),
        "Unary(Silu) of x",
    );
    let leaky = listing(
        &Written::new(13)
            .then("LeakyRelu", "x", "y", vec![("alpha", Real(0.25))])
            .gives("y"),
    );
    assert!(
        leaky.contains("number: Real(0.25)") && leaky.lines().count() == 4,
        "{leaky}"
    );
}

#[test]
fn means_have_their_axes_in_either_place() {
    let expected = "Mean { axes: [2, 3], keep: true } of x";
    alone(
        "ReduceMean",
        vec![("axes", Value::Ints(vec![2, 3]))],
        expected,
    );
    becomes(
        bounds(&[("axes", &[2, 3])], Written::new(18)).then("ReduceMean", "x axes", "y", vec![]),
        expected,
    );
    alone(
        "ReduceMean",
        vec![],
        "Mean { axes: [0, 1, 2, 3], keep: true } of x",
    );
    let nothing = Written::new(18)
        .then(
            "ReduceMean",
            "x",
            "m",
            vec![("noop_with_empty_axes", Value::Int(1))],
        )
        .then("Relu", "m", "y", vec![]);
    becomes(nothing, "Unary(Relu) of x");
}

#[test]
fn a_softmax_of_older_files_is_over_all_axes_from_one_on() {
    let softmax = |opset| Written::new(opset).then("Softmax", "x", "y", vec![]);
    becomes(softmax(13), "Softmax { axis: -1, log: false } of x");
    becomes(
        softmax(12),
        "Flatten { from: 1, to: -1 } of x\n\
         Softmax { axis: -1, log: false } of y~\n\
         Reshape { shape: [{batch}, {3 }, {8 }, {8 }] } of y~",
    );
    let last = Written::new(12).then("Softmax", "x", "y", vec![("axis", Value::Int(3))]);
    becomes(last, "Softmax { axis: -1, log: false } of x");
}

#[test]
fn parts_of_tensors_are_cut_as_the_file_says() {
    let net = |starts: &[i64], ends: &[i64], axes: &[i64]| {
        bounds(
            &[("from", starts), ("to", ends), ("on", axes)],
            Written::new(13),
        )
        .then("Slice", "x from to on", "y", vec![])
    };
    becomes(
        net(&[1, 0], &[i64::MAX, -1], &[2, 3]),
        "Slice { axis: 2, start: Some({1 }), end: None, step: 1 } of x\n\
         Slice { axis: 3, start: None, end: Some({-1 }), step: 1 } of y~",
    );
    let whole = net(&[0], &[8], &[-1]).then("Relu", "y", "z", vec![]);
    assert_eq!(listing(&whole.gives("z")), "Unary(Relu) of x");
    let two = Written::new(18).then(
        "Split",
        "x",
        "y z",
        vec![("axis", Value::Int(2)), ("num_outputs", Value::Int(2))],
    );
    becomes(two, "Split { axis: 2, lengths: [{4 }, {4 }] } of x");
    let gather = |index: Vec<u8>| {
        Written::new(13)
            .with(index)
            .then("Gather", "x i", "y", vec![("axis", Value::Int(1))])
    };
    becomes(
        gather(ints("i", &[], &[-1])),
        "Select { axis: 1, index: {-1 } } of x",
    );
    becomes(
        gather(ints("i", &[2], &[1, 2])),
        "Slice { axis: 1, start: Some({1 }), end: Some({3 }), step: 1 } of x",
    );
    becomes(
        gather(ints("i", &[3], &[2, 1, 0])),
        "Index { axes: [1] } of x, i",
    );
}

/// A node that must know the shape of `y` asks for it.
#[track_caller]
fn known(net: Written, expected: &[i64]) {
    let bytes = net
        .then("Shape", "y", "s", vec![])
        .then("Expand", "one s", "z", vec![])
        .with(reals("one", &[1]))
        .gives("z");
    let sides: Vec<String> = expected
        .iter()
        .map(|&side| {
            if side == 0 {
                "{batch}".to_owned()
            } else {
                format!("{{{side} }}")
            }
        })
        .collect();
    let expected = format!("Expand {{ shape: [{}] }} of one", sides.join(", "));
    assert_eq!(listing(&bytes), expected);
}

#[test]
fn shapes_of_other_axes_are_known() {
    let of = |operator: &str, attributes| Written::new(13).then(operator, "x", "y", attributes);
    let ints_of = |items: &[i64]| Value::Ints(items.to_vec());
    known(of("Relu", vec![]), &[0, 3, 8, 8]);
    known(
        of(
            "ReduceSum",
            vec![("axes", ints_of(&[1])), ("keepdims", Value::Int(0))],
        ),
        &[0, 8, 8],
    );
    known(
        of("Transpose", vec![("perm", ints_of(&[0, 2, 3, 1]))]),
        &[0, 8, 8, 3],
    );
    known(of("Flatten", vec![]), &[0, 192]);
    known(
        of("DepthToSpace", vec![("blocksize", Value::Int(1))]),
        &[0, 3, 8, 8],
    );
    known(
        of("SpaceToDepth", vec![("blocksize", Value::Int(2))]),
        &[0, 12, 4, 4],
    );
    known(
        of("Unsqueeze", vec![("axes", ints_of(&[0, -1]))]),
        &[1, 0, 3, 8, 8, -1],
    );
}

#[test]
fn shapes_behind_windows_products_and_cuts_are_known() {
    let of = |operator: &str, attributes| Written::new(13).then(operator, "x", "y", attributes);
    let ints_of = |items: &[i64]| Value::Ints(items.to_vec());
    let pool = |stride: i64, ceil| {
        let kernel = ("kernel_shape", ints_of(&[3, 3]));
        of(
            "MaxPool",
            vec![
                kernel,
                ("strides", ints_of(&[stride, stride])),
                ("ceil_mode", Value::Int(ceil)),
            ],
        )
    };
    known(pool(2, 0), &[0, 3, 3, 3]);
    known(pool(2, 1), &[0, 3, 4, 4]);
    known(
        Written::new(13).with(kernel()).then(
            "Conv",
            "x w",
            "y",
            vec![
                ("dilations", ints_of(&[2, 2])),
                ("pads", ints_of(&[1, 0, 1, 0])),
            ],
        ),
        &[0, 4, 6, 4],
    );
    let equation = ("equation", Value::Text("bchw,bcij->bhij"));
    known(
        Written::new(13).then("Einsum", "x x", "y", vec![equation]),
        &[0, 8, 8, 8],
    );
    known(
        Written::new(13).then("MatMul", "x x", "y", vec![]),
        &[0, 3, 8, 8],
    );
    known(
        Written::new(13).then("Concat", "x x", "y", vec![("axis", Value::Int(-1))]),
        &[0, 3, 8, 16],
    );
    let bounds_of = |all: &[(&str, &[i64])]| bounds(all, Written::new(13));
    known(
        bounds_of(&[("p", &[0, 0, 1, 2, 0, 0, 0, 3])]).then("Pad", "x p", "y", vec![]),
        &[0, 3, 9, 13],
    );
    known(
        bounds_of(&[("t", &[1, 2, 1, 3])]).then("Tile", "x t", "y", vec![]),
        &[0, 6, 8, 24],
    );
    known(
        bounds_of(&[("a", &[1]), ("b", &[-1]), ("c", &[2]), ("d", &[2])]).then(
            "Slice",
            "x a b c d",
            "y",
            vec![],
        ),
        &[0, 3, 3, 8],
    );
    known(
        bounds_of(&[("i", &[0, 5, 1, 0])]).then(
            "Gather",
            "x i",
            "y",
            vec![("axis", Value::Int(2))],
        ),
        &[0, 3, 4, 8],
    );
    known(
        bounds_of(&[("r", &[-1, 3, 16, 4])]).then("Reshape", "x r", "y", vec![]),
        &[0, 3, 16, 4],
    );
}

#[test]
fn names_without_a_node_of_their_own_are_found() {
    let bytes = Written::new(13)
        .then("Dropout", "x", "d mask", vec![])
        .then("Identity", "d", "i", vec![])
        .then("Cast", "i", "c", vec![("to", Value::Int(1))])
        .then("Relu", "c", "y", vec![])
        .gives("y");
    assert_eq!(listing(&bytes), "Unary(Relu) of x");
    let content = Content::whole(&bytes).unwrap();
    let graph = read(&content, None).unwrap().graph;
    assert_eq!(graph.find("c"), Some(graph.input));
    assert_eq!(graph.find("part"), graph.find("y"));
    assert_eq!(graph.nodes[0].module, "part");
}

#[test]
fn numbers_one_by_one_are_read_as_those_in_memory() {
    let one_by_one = message(vec![
        (1, Part::Int(1)),
        (1, Part::Int(5)),
        (2, Part::Int(10)),
        (8, "w.half".into()),
        // 1, 2, -2, 0.5 and infinity in half precision.
        (5, Part::Bytes(message(vec![]))),
        (5, Part::Int(0x3c00)),
        (5, Part::Int(0x4000)),
        (5, Part::Int(0xc000)),
        (5, Part::Int(0x3800)),
        (5, Part::Int(0x7c00)),
    ]);
    let bytes = Written::new(13)
        .with(one_by_one)
        .then("Add", "x w.half", "y", vec![])
        .gives("y");
    let content = Content::whole(&bytes).unwrap();
    let program = read(&content, None).unwrap();
    let stored = &program.tensors["w.half"];
    assert_eq!(program.graph.parameters[0].kind, Kind::Float);
    assert_eq!(
        &*stored.bytes(),
        [0, 0x3c, 0, 0x40, 0, 0xc0, 0, 0x38, 0, 0x7c]
    );
}
