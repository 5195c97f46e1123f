//! What cannot be read, and what is said about it.

use super::*;

#[track_caller]
fn says(bytes: &[u8], parts: &[&str]) {
    let refusal = refusal(bytes);
    for part in parts {
        assert!(refusal.contains(part), "{part} is not in: {refusal}");
    }
}

fn relu() -> Written {
    Written::new(13).then("Relu", "x", "y", vec![])
}

#[test]
fn other_versions_are_refused_with_the_way_out() {
    for opset in [0, 9, 10, 24] {
        let bytes = Written::new(opset)
            .then("Relu", "x", "y", vec![])
            .gives("y");
        says(
            &bytes,
            &[&format!("opset {opset}"), "11 to 23", "version_converter"],
        );
    }
}

#[test]
fn damaged_files_are_refused() {
    says(b"", &["no graph"]);
    says(b"<html></html>", &["not a readable ONNX file"]);
    let whole = relu().gives("y");
    for length in 1..whole.len() {
        assert!(!refusal(&whole[..length]).is_empty());
    }
    says(
        &relu().then("Relu", "x", "y", vec![]).gives("y"),
        &["`y` is given twice"],
    );
    says(
        &relu().gives("z"),
        &["reads `z`, which nothing before it gives"],
    );
    says(
        &Written::new(13)
            .then("Add", "x later", "y", vec![])
            .gives("y"),
        &["`Add`, node `/part/Add` in `part`", "`later`"],
    );
}

#[test]
fn inputs_that_are_no_batches_of_images_are_refused_with_the_way_out() {
    let of = |input: Vec<Vec<u8>>| relu().of(input).gives("y");
    says(
        &of(vec![info("x", 1, &[1, 3, 8, 8])]),
        &[
            "batches of exactly 1 images",
            "dynamic_shapes",
            "(None, height, width, 3)",
        ],
    );
    says(
        &of(vec![
            info("x", 1, &[0, 3, 8, 8]),
            info("z", 1, &[0, 3, 8, 8]),
        ]),
        &["takes 2 inputs (`x`, `z`)", "images alone"],
    );
    says(&of(vec![]), &["takes 0 inputs"]);
    says(
        &of(vec![info("x", 1, &[0, 1, 8, 8])]),
        &["1 channel (grey)"],
    );
    says(&of(vec![info("x", 1, &[0, 8, 8, 4])]), &["4 channels"]);
    says(&of(vec![info("x", 1, &[0, 7, 8, 8])]), &["7 channels"]);
    says(&of(vec![info("x", 1, &[0, 30])]), &["2 axes"]);
    says(
        &of(vec![info("x", 2, &[0, 3, 8, 8])]),
        &["not of real numbers"],
    );
    says(
        &of(vec![info("x", 11, &[0, 3, 8, 8])]),
        &["float64", "network.float()"],
    );
    says(
        &of(vec![message(vec![
            (1, "x".into()),
            (
                2,
                Part::Bytes(message(vec![(
                    1,
                    Part::Bytes(message(vec![(1, Part::Int(1))])),
                )])),
            ),
        ])]),
        &["does not state the shape"],
    );
}

#[test]
fn colours_may_come_last_and_any_number_of_images() {
    let last = Written::new(13)
        .of(vec![info("x", 1, &[0, 9, 8, 3])])
        .then(
            "Transpose",
            "x",
            "t",
            vec![("perm", Value::Ints(vec![0, 3, 1, 2]))],
        )
        .then("Relu", "t", "y", vec![]);
    let bytes = last.gives("y");
    assert_eq!(listing(&bytes), "Unary(Relu) of x~");
    let content = Content::whole(&bytes).unwrap();
    assert_eq!(read(&content, None).unwrap().size, [Some(9), Some(8)]);
    let unknown = Written::new(13)
        .of(vec![info("x", 10, &[-1, 0, 0, 0])])
        .then("Relu", "x", "y", vec![])
        .gives("y");
    assert_eq!(listing(&unknown), "Unary(Relu) of x");
}

#[test]
fn unknown_operators_are_told_all_at_once() {
    let mut net = relu()
        .then("Spectrum", "y", "a", vec![])
        .then("Spectrum", "a", "b", vec![])
        .then("Relu", "b", "c", vec![]);
    net.domain = "com.microsoft";
    net = net.then("FusedConv", "c", "d", vec![]);
    net.domain = "";
    net = net
        .then("NonZero", "x", "e", vec![])
        .then("Add", "d e", "f", vec![]);
    says(
        &net.gives("f"),
        &[
            "`Spectrum`, node `/part/Spectrum` in `part`: not a known operator",
            "`NonZero`",
            "way out:",
            "onnxsim",
        ],
    );
    // What no output depends on may be of any kind.
    assert_eq!(
        listing(&relu().then("NonZero", "x", "e", vec![]).gives("y")),
        "Unary(Relu) of x"
    );
}

#[test]
fn operators_of_onnx_runtime_and_functions_of_the_file_have_their_own_ways_out() {
    let mut net = Written::new(13);
    net.domain = "com.microsoft";
    let mut bytes = net.then("FusedConv", "x", "y", vec![]).gives("y");
    says(
        &bytes,
        &["`com.microsoft.FusedConv`", "before it was optimised"],
    );
    bytes.extend(message(vec![(25, "".into())]));
    says(&bytes, &["inline_local_functions"]);
}

#[test]
fn control_flow_quantised_networks_and_lists_are_refused() {
    let alone = |operator: &str, attributes| {
        Written::new(13)
            .then(operator, "x", "y", attributes)
            .gives("y")
    };
    says(
        &alone("If", vec![("then_branch", Value::Graph)]),
        &["`If`", "control flow"],
    );
    says(
        &alone("Strange", vec![("body", Value::Graph)]),
        &["control flow"],
    );
    for operator in [
        "QuantizeLinear",
        "QLinearConv",
        "ConvInteger",
        "DequantizeLinear",
    ] {
        says(
            &alone(operator, vec![]),
            &[operator, "before it was quantised"],
        );
    }
    says(&alone("SequenceConstruct", vec![]), &["lists"]);
}

#[test]
fn training_mode_is_refused() {
    let norm = Written::new(15).with(reals("v", &[3])).then(
        "BatchNormalization",
        "x v v v v",
        "y",
        vec![("training_mode", Value::Int(1))],
    );
    says(&norm.gives("y"), &["training mode", "network.eval()"]);
    let dropout =
        Written::new(13)
            .with(tensor("t", 9, &[], vec![1]))
            .then("Dropout", "x - t", "y", vec![]);
    says(&dropout.gives("y"), &["training mode"]);
}

#[test]
fn a_network_that_was_exported_for_one_image_is_told_by_its_shapes() {
    let net = Written::new(13).with(ints("shape", &[2], &[1, 192])).then(
        "Reshape",
        "x shape",
        "y",
        vec![],
    );
    says(
        &net.gives("y"),
        &["the shape [1, 192] to any number of images", "dynamic_axes"],
    );
}

#[test]
fn numbers_of_other_types_are_refused_where_they_are_used() {
    let net = |operator: &str| {
        Written::new(13)
            .with(tensor("w", 17, &[1], vec![0]))
            .then(operator, "x w", "y", vec![])
    };
    says(&net("Mul").gives("y"), &["node `w`", "float8", "quantised"]);
    let net = relu().with(tensor("w", 8, &[1], vec![]));
    assert_eq!(listing(&net.gives("y")), "Unary(Relu) of x");
    let double = Written::new(13)
        .with(tensor("w.d", 11, &[3, 1, 1], vec![0; 24]))
        .then("Mul", "x w.d", "y", vec![]);
    says(&double.gives("y"), &["`w.d` is float64"]);
}

#[test]
fn tensors_of_the_wrong_size_are_refused() {
    for (shape, bytes) in [
        (&[2][..], 4),
        (&[1 << 40], 4),
        (&[i64::MAX, 4], 16),
        (&[-1], 4),
        (&[3, 0], 4),
    ] {
        let net = Written::new(13)
            .with(tensor("w", 1, shape, vec![0; bytes]))
            .then("Add", "x w", "y", vec![]);
        says(&net.gives("y"), &["tensor `w`"]);
    }
}

#[test]
fn forms_that_cannot_be_computed_say_why() {
    let alone = |operator: &str, attributes| {
        Written::new(13)
            .then(operator, "x", "y", attributes)
            .gives("y")
    };
    let kernel = || ("kernel_shape", Value::Ints(vec![2, 2]));
    says(
        &alone(
            "MaxPool",
            vec![("kernel_shape", Value::Ints(vec![2, 2, 2]))],
        ),
        &["two dimensions"],
    );
    says(
        &alone(
            "MaxPool",
            vec![
                kernel(),
                ("pads", Value::Ints(vec![0, 0, 1, 1])),
                ("ceil_mode", Value::Int(1)),
            ],
        ),
        &["rounds up"],
    );
    says(
        &alone(
            "AveragePool",
            vec![kernel(), ("auto_pad", Value::Text("ODD"))],
        ),
        &["`ODD`"],
    );
    let computed =
        Written::new(13)
            .then("ReduceSum", "x", "s", vec![])
            .then("Reshape", "x s", "y", vec![]);
    says(&computed.gives("y"), &["`Reshape`", "must be a constant"]);
    says(
        &alone("Erf", vec![]),
        &[
            "`Erf`, node `/part/Erf`",
            "a part of GELU alone",
            "opset 20",
        ],
    );
    let resize = Written::new(13)
        .with(reals("", &[0]))
        .with(reals("s", &[4]))
        .then("Resize", "x - s", "y", vec![]);
    says(&resize.gives("y"), &["height and width"]);
}
