//! Preparation changes nothing but rounding.

use graph::{Binary, Number, Op, Size, Unary};

use super::*;

#[test]
fn a_prepared_network_gives_the_logits_activations_and_gradients_of_the_plain_one() {
    for architecture in Architecture::ALL {
        let graph = built(architecture.name());
        let watched = named(&graph, architecture.layer());
        let expected = through(&plain(&graph, Kind::Double), watched, &images(Kind::Double));
        let prepared = plain(&graph, Kind::Double)
            .prepared(DOUBLE, &[watched])
            .unwrap();
        let found = through(&prepared, watched, &images(Kind::Double));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(difference(found, expected) < 1e-10, "{architecture:?}");
        }
    }
}

#[test]
fn in_onednns_layout_it_gives_the_same_but_for_the_rounding_of_f32() {
    for name in KINDS {
        let graph = built(name);
        let architecture: Architecture = name.parse().unwrap();
        let watched = named(&graph, architecture.layer());
        let expected = through(&plain(&graph, Kind::Double), watched, &images(Kind::Double));
        let prepared = plain(&graph, Kind::Float)
            .prepared(SINGLE, &[watched])
            .unwrap();
        assert!(prepared.styles.iter().any(|style| style.onednn), "{name}");
        let found = through(&prepared, watched, &images(Kind::Float));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                difference(found, expected) < 1e-5,
                "{name} {}",
                difference(found, expected)
            );
        }
    }
}

#[test]
fn in_bfloat16_the_last_layer_stays_in_f32() {
    for name in KINDS {
        let graph = built(name);
        let architecture: Architecture = name.parse().unwrap();
        let watched = named(&graph, architecture.layer());
        let prepared = plain(&graph, Kind::Float)
            .prepared(BF16, &[watched])
            .unwrap();
        let nodes = prepared.graph.nodes.iter().zip(&prepared.styles);
        let last = nodes.clone().next_back().unwrap();
        assert_eq!(last.1.kind, Some(Kind::Float), "{name}");
        let learned =
            nodes.filter(|(node, _)| matches!(node.op, Op::Linear | Op::Convolution { .. }));
        assert_eq!(
            learned
                .filter(|(_, style)| style.kind == Some(Kind::Float))
                .count(),
            1,
            "{name}"
        );
        let expected = through(&plain(&graph, Kind::Float), watched, &images(Kind::Float));
        let found = through(&prepared, watched, &images(Kind::Float));
        // 8 bits, in up to 50 layers; where a ReLU or a pooling decides otherwise, single gradients differ by more.
        for ((found, expected), most) in found.iter().zip(&expected).zip([0.1, 0.1, 0.25]) {
            assert_eq!(found.kind(), Kind::Float);
            let norm = |tensor: &Tensor| tensor.to_kind(Kind::Double).norm().double_value(&[]);
            let share = norm(&(found - expected)) / norm(expected);
            assert!(share < most, "{name} {share}");
        }
    }
}

/// The last layer is a convolution: what comes before it is in bfloat16 and in oneDNN's layout.
#[test]
fn a_last_convolution_stays_in_f32_too() {
    let mut sketch = Sketch::new();
    let convolution = || Op::Convolution {
        stride: vec![1; 2],
        padding: vec![1; 2],
        dilation: vec![1; 2],
        groups: 1,
    };
    let first = sketch.parameter("first", &[8, 3, 3, 3], Role::Weight);
    let x = sketch.node(convolution(), &[Id(0), first], "convolved");
    let x = sketch.node(Op::Unary(Unary::Relu), &[x], "relu");
    let second = sketch.parameter("second", &[CLASSES, 8, 3, 3], Role::Weight);
    let x = sketch.node(convolution(), &[x, second], "classes");
    let x = sketch.node(Op::AdaptiveAvgPool { size: vec![1; 2] }, &[x], "pooled");
    let logits = sketch.node(Op::Flatten { from: 1, to: -1 }, &[x], "logits");
    let graph = sketch.finish(logits);
    let run =
        |executor: &Executor, images| executor.run(&[(graph.input, images)], &[logits]).unwrap();
    let prepared = plain(&graph, Kind::Float).prepared(BF16, &[]).unwrap();
    let kinds: Vec<_> = prepared
        .styles
        .iter()
        .map(|style| (style.onednn, style.kind))
        .collect();
    let (bf16, float) = (Some(Kind::BFloat16), Some(Kind::Float));
    assert_eq!(
        kinds,
        [
            (true, bf16),
            (true, bf16),
            (true, float),
            (false, float),
            (false, float)
        ]
    );
    let found = run(&prepared, images(Kind::Float));
    let expected = run(&plain(&graph, Kind::Double), images(Kind::Double));
    assert!(difference(&found[0], &expected[0]) < 0.02);
}

#[test]
fn batch_norms_are_folded_but_where_what_is_between_is_watched() {
    let graph = built("resnet18");
    let norms = |executor: &Executor| {
        let nodes = executor.graph().nodes.iter();
        nodes
            .filter(|node| matches!(node.op, Op::BatchNorm { .. }))
            .count()
    };
    let (between, layer) = (named(&graph, "layer3.1.conv1"), named(&graph, "layer4"));
    let whole = plain(&graph, Kind::Double);
    assert_eq!(norms(&whole), 20);
    let prepared = plain(&graph, Kind::Double)
        .prepared(DOUBLE, &[layer])
        .unwrap();
    assert_eq!(norms(&prepared), 0);
    let given = [(graph.input, images(Kind::Double))];
    let error = prepared.run(&given, &[between]).unwrap_err().to_string();
    assert!(error.contains("`layer3.1.conv1` was merged"), "{error}");
    let prepared = plain(&graph, Kind::Double)
        .prepared(DOUBLE, &[between])
        .unwrap();
    assert_eq!(norms(&prepared), 1);
    let expected = through(&whole, between, &images(Kind::Double));
    for (found, expected) in through(&prepared, between, &images(Kind::Double))
        .iter()
        .zip(&expected)
    {
        assert!(difference(found, expected) < 1e-10);
    }
}

#[test]
fn max_pooling_comes_before_a_relu_that_nothing_else_reads() {
    let graph = built("alexnet");
    let order = |watched: &str| {
        let watched = named(&graph, watched);
        let prepared = plain(&graph, Kind::Double)
            .prepared(DOUBLE, &[watched])
            .unwrap();
        let nodes = prepared.graph().nodes.iter();
        let letter = |op: &Op| match op {
            Op::MaxPool { .. } => Some('p'),
            Op::Unary(Unary::Relu) => Some('r'),
            Op::Convolution { .. } => Some('c'),
            _ => None,
        };
        nodes
            .filter_map(|node| letter(&node.op))
            .collect::<String>()
    };
    assert_eq!(order("features.12"), "cprcprcrcrcprrr");
    assert_eq!(order("features.11"), "cprcprcrcrcrprr");
}

/// x + f(weights), with a dropout, an aliasing view and a batch-sized constant between.
fn of_constants() -> (Graph, [Id; 3]) {
    let mut sketch = Sketch::new();
    let table = sketch.parameter("table", &[3, 4], Role::Weight);
    let scaled = Op::Scalar {
        operation: Binary::Mul,
        number: Number::Real(0.5),
        left: false,
        rounding: None,
    };
    let scaled = sketch.node(scaled, &[table], "scaled");
    let ones = Op::Full {
        shape: vec![
            Size { each: 1, fixed: 0 },
            Size { each: 0, fixed: 3 },
            Size { each: 0, fixed: 4 },
        ],
        number: Number::Real(1.0),
        kind: graph::Kind::Double,
    };
    let ones = sketch.node(ones, &[], "ones");
    let add = || Op::Binary {
        operation: Binary::Add,
        alpha: Number::Int(1),
        rounding: None,
    };
    let moved = sketch.node(add(), &[ones, scaled], "moved");
    let dropped = sketch.node(Op::Dropout { share: 0.5 }, &[Id(0)], "dropped");
    let sum = sketch.node(add(), &[dropped, moved], "sum");
    let relu = sketch.node(Op::Unary(Unary::Relu), &[sum], "relu");
    let row = sketch.node(Op::Flatten { from: 1, to: -1 }, &[relu], "row");
    let weight = sketch.parameter("weight", &[CLASSES, 12], Role::OutputWeight);
    let logits = sketch.node(Op::Linear, &[row, weight], "logits");
    (sketch.finish(logits), [scaled, dropped, relu])
}

#[test]
fn what_depends_on_parameters_alone_is_computed_once_and_dropout_goes() {
    let (graph, [scaled, dropped, relu]) = of_constants();
    let input = noise(&[2, 3, 4], 5);
    let executor = plain(&graph, Kind::Double);
    let expected = through(&executor, relu, &input);
    let prepared = plain(&graph, Kind::Double)
        .prepared(DOUBLE, &[relu])
        .unwrap();
    let names: Vec<&str> = prepared
        .graph()
        .nodes
        .iter()
        .map(|node| node.module.as_str())
        .collect();
    // Its shape depends on the batch.
    assert_eq!(
        names,
        [
            "module.ones",
            "module.moved",
            "module.sum",
            "module.relu",
            "module.row",
            "module.logits"
        ]
    );
    for (found, expected) in through(&prepared, relu, &input).iter().zip(&expected) {
        assert!(difference(found, expected) < 1e-12);
    }
    // A value that is watched stays.
    let prepared = plain(&graph, Kind::Double)
        .prepared(DOUBLE, &[dropped, scaled])
        .unwrap();
    let found = prepared
        .run(&[(graph.input, input.shallow_clone())], &[dropped, scaled])
        .unwrap();
    assert!(found[0].equal(&input));
    let expected = executor.run(&[(graph.input, input)], &[scaled]).unwrap();
    assert!(found[1].equal(&expected[0]));
}

#[test]
fn half_precision_weights_are_computed_in_f32() {
    let graph = built("resnet18");
    let prepared = plain(&graph, Kind::Half).prepared(SINGLE, &[]).unwrap();
    let found = prepared
        .run(&[(graph.input, images(Kind::Float))], &prepared.outputs())
        .unwrap();
    assert_eq!(found[0].kind(), Kind::Float);
    let expected = plain(&graph, Kind::Double)
        .run(&[(graph.input, images(Kind::Double))], &prepared.outputs());
    assert!(difference(&found[0], &expected.unwrap()[0]) < 0.01);
}

#[test]
fn numbers_that_no_network_is_prepared_for_are_refused() {
    let graph = built("alexnet");
    let form = Form {
        kind: Kind::Half,
        ..SINGLE
    };
    let error = plain(&graph, Kind::Float)
        .prepared(form, &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("Half"), "{error}");
}
