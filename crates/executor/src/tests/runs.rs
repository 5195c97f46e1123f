//! Any value from any others, without touching what somebody else reads.

use graph::{Binary, Number, Op, Unary};

use super::*;
use crate::Mode;

/// Preparation for inference does not change what a run from the middle gives, to the last bit.
#[test]
fn the_halves_of_a_network_give_its_logits() {
    for name in KINDS {
        let graph = built(name);
        let architecture: Architecture = name.parse().unwrap();
        for form in [SINGLE, BF16] {
            let watched = named(&graph, architecture.layer());
            let executor = plain(&graph, Kind::Float)
                .prepared(form, &[watched])
                .unwrap();
            tch::no_grad(|| {
                let run = |given, wanted| executor.run(&[given], &[wanted]).unwrap().remove(0);
                let whole = run((graph.input, images(Kind::Float)), logits_of(&graph));
                let half = run((graph.input, images(Kind::Float)), watched);
                assert!(
                    run((watched, half), logits_of(&graph)).equal(&whole),
                    "{name}"
                );
            });
        }
    }
}

#[test]
fn inside_a_residual_block_the_cut_has_the_shortcut_and_the_gradient_is_autograds() {
    let graph = built("resnet50");
    for (layer, beside) in [
        ("layer3.1.relu", &["layer3.0"][..]),
        // Here the shortcut has a convolution of its own, which is after the layer.
        ("layer4.0.bn2", &["layer3"]),
        ("layer4.1", &[]),
        ("fc", &[]),
    ] {
        let (value, logits) = (named(&graph, layer), logits_of(&graph));
        let plain = plain(&graph, Kind::Double);
        let names: Vec<&str> = plain
            .cut(value)
            .unwrap()
            .iter()
            .map(|id| graph.values[id.0].as_str())
            .collect();
        assert_eq!(names, beside, "{layer}");
        let [_, activation, gradient] = through(&plain, value, &images(Kind::Double));
        // The whole network at once, with a detour at the layer: what is added to it is 0.
        let nothing = activation.zeros_like().set_requires_grad(true);
        let mut wanted = vec![value];
        wanted.extend(plain.cut(value).unwrap());
        let below = plain
            .run(&[(graph.input, images(Kind::Double))], &wanted)
            .unwrap();
        let mut given: Vec<(Id, Tensor)> = wanted.into_iter().zip(below).collect();
        given[0].1 = &given[0].1 + &nothing;
        let whole = plain.run(&given, &[logits]).unwrap().remove(0);
        let expected = Tensor::run_backward(
            &[whole.select(1, 1).sum(None::<Kind>)],
            &[&nothing],
            false,
            false,
        );
        assert!(difference(&gradient, &expected[0]) < 1e-12, "{layer}");
        // And by differences along a direction.
        let direction = noise(&activation.size(), 3);
        let step = 1e-6;
        let at = |sign: f64| {
            let mut given: Vec<(Id, Tensor)> = given
                .iter()
                .map(|(id, tensor)| (*id, tensor.detach()))
                .collect();
            given[0].1 = &activation + &direction * (sign * step);
            let logits = plain.run(&given, &[logits]).unwrap().remove(0);
            logits.select(1, 1).sum(None::<Kind>).double_value(&[])
        };
        let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
        let expected = (&direction * &gradient).sum(None::<Kind>).double_value(&[]);
        assert!(
            (slope - expected).abs() <= 1e-4 * expected.abs().max(1.0),
            "{layer} {slope} {expected}"
        );
    }
}

/// relu(x), its sum with itself, with a view of it and with a part of itself, and relus of views: each a trap for operators that write over what they read.
fn shared() -> (Graph, Vec<Id>) {
    let mut sketch = Sketch::new();
    let relu = |sketch: &mut Sketch, input, name: &str| {
        sketch.node(Op::Unary(Unary::Relu), &[input], name)
    };
    let add = || Op::Binary {
        operation: Binary::Add,
        alpha: Number::Int(1),
        rounding: None,
    };
    let minus = sketch.node(Op::Unary(Unary::Neg), &[Id(0)], "minus");
    let view = sketch.node(Op::Transpose { axes: [1, 2] }, &[minus], "view");
    let first = relu(&mut sketch, minus, "first");
    let second = relu(&mut sketch, view, "second");
    let back = sketch.node(Op::Transpose { axes: [1, 2] }, &[second], "back");
    let twice = sketch.node(add(), &[first, first], "twice");
    let sum = sketch.node(add(), &[twice, back], "sum");
    let part = sketch.node(
        Op::Select {
            axis: 1,
            index: graph::Size { each: 0, fixed: 0 },
        },
        &[sum],
        "part",
    );
    let clipped = relu(&mut sketch, sum, "clipped");
    let spread = sketch.node(Op::Unsqueeze { axis: 1 }, &[part], "spread");
    let late = sketch.node(add(), &[spread, clipped], "late");
    let first_row = sketch.node(
        Op::Slice {
            axis: 1,
            start: None,
            end: Some(graph::Size { each: 0, fixed: 1 }),
            step: 1,
        },
        &[late],
        "first_row",
    );
    let last = sketch.node(add(), &[late, first_row], "last");
    let all = (1..=last.0).map(Id).collect();
    (sketch.finish(last), all)
}

#[test]
fn no_operator_writes_over_what_somebody_still_reads() {
    let (graph, all) = shared();
    let executor = plain(&graph, Kind::Double);
    let input = noise(&[2, 3, 4], 8);
    let before = input.copy();
    // Where all values are wanted, none is written over.
    let expected = executor
        .run(&[(graph.input, input.shallow_clone())], &all)
        .unwrap();
    for (id, expected) in all.iter().zip(&expected) {
        let found = executor
            .run(&[(graph.input, input.shallow_clone())], &[*id])
            .unwrap();
        assert!(found[0].equal(expected), "{}", graph.values[id.0]);
    }
    // What is given stays, wherever it is given.
    for (id, value) in all.iter().zip(&expected) {
        let untouched = value.copy();
        let given = [
            (graph.input, input.shallow_clone()),
            (*id, value.shallow_clone()),
        ];
        let found = executor.run(&given, &[logits_of(&graph)]).unwrap();
        assert!(
            found[0].equal(&expected[expected.len() - 1]),
            "{}",
            graph.values[id.0]
        );
        assert!(value.equal(&untouched), "{}", graph.values[id.0]);
    }
    assert!(input.equal(&before));
}

#[test]
fn a_relu_without_a_gradient_is_computed_in_place_and_with_one_is_not() {
    let mut sketch = Sketch::new();
    let minus = sketch.node(Op::Unary(Unary::Neg), &[Id(0)], "minus");
    let relu = sketch.node(Op::Unary(Unary::Relu), &[minus], "relu");
    let graph = sketch.finish(relu);
    let executor = plain(&graph, Kind::Double);
    let places = |input: Tensor| {
        let mut places = Vec::new();
        let mut look = |_: Id, tensor: &Tensor| places.push(tensor.data_ptr());
        executor
            .run_observed(2, &[(graph.input, input)], &[relu], &mut look)
            .unwrap();
        places
    };
    let found = places(noise(&[2, 3], 1));
    assert_eq!(found[1], found[2]);
    let found = places(noise(&[2, 3], 1).set_requires_grad(true));
    assert_ne!(found[1], found[2]);
}

#[test]
fn behind_global_average_pooling_the_gradient_is_the_weight_by_the_positions() {
    for name in ["resnet18", "resnet50"] {
        let graph = built(name);
        let layer = named(&graph, "layer4");
        let executor = plain(&graph, Kind::Double)
            .prepared(DOUBLE, &[layer])
            .unwrap();
        let [_, _, gradient] = through(&executor, layer, &images(Kind::Double));
        let weight = executor.behind_pooling(layer).unwrap();
        let size = gradient.size();
        let expected = weight.select(0, 1).view([1, -1, 1, 1]) / (size[2] * size[3]) as f64;
        assert!(
            difference(&gradient, &expected.expand(&size[..], false)) < 1e-12,
            "{name}"
        );
        assert!(executor.behind_pooling(named(&graph, "layer3")).is_none());
    }
    let graph = built("vgg11");
    let executor = plain(&graph, Kind::Double);
    for name in ["features.19", "features.20", "avgpool"] {
        assert!(executor.behind_pooling(named(&graph, name)).is_none());
    }
}

#[test]
fn training_takes_the_batchs_statistics_and_updates_the_running_ones() {
    let graph = built("vgg11_bn");
    let tensors = parameters(&graph, Kind::Float);
    let mean = graph
        .parameters
        .iter()
        .position(|parameter| parameter.name == "features.1.running_mean")
        .unwrap();
    let kept = tensors[mean].shallow_clone();
    let before = kept.copy();
    let mut executor = Executor::new(graph.clone(), tensors).unwrap();
    executor.set_mode(Mode::Training);
    let run = |executor: &Executor| {
        executor
            .run(&[(graph.input, images(Kind::Float))], &[logits_of(&graph)])
            .unwrap()
    };
    let (first, second) = (run(&executor), run(&executor));
    assert!(
        !first[0].equal(&second[0]),
        "dropout drops others each time"
    );
    assert!(!kept.equal(&before));
    let after = kept.copy();
    executor.set_mode(Mode::Inference);
    assert!(run(&executor)[0].equal(&run(&executor)[0]));
    assert!(kept.equal(&after));
}

#[test]
fn only_what_is_wanted_is_computed() {
    let graph = built("resnet18");
    let executor = plain(&graph, Kind::Double);
    let mut computed = Vec::new();
    let stage = noise(&[1, 16, 6, 8], 4);
    let given = [(named(&graph, "layer2"), stage)];
    executor
        .run_observed(1, &given, &[named(&graph, "layer3")], &mut |id, _| {
            computed.push(id);
        })
        .unwrap();
    let names: Vec<&str> = computed
        .iter()
        .map(|id| graph.values[id.0].as_str())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("layer3") || *name == "layer2"),
        "{names:?}"
    );
}

#[test]
fn errors_name_the_operator_its_module_and_what_is_missing() {
    let graph = built("resnet18");
    let executor = plain(&graph, Kind::Double);
    let refused = |given: &[(Id, Tensor)], wanted: Id, parts: &[&str]| {
        let error = executor.run(given, &[wanted]).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    };
    let (input, logits) = (graph.input, logits_of(&graph));
    refused(
        &[(input, noise(&[1, 4, 32, 32], 1))],
        logits,
        &["Convolution in `conv1`", "channels"],
    );
    refused(
        &[(named(&graph, "layer4"), noise(&[1, 9, 2, 2], 1))],
        logits,
        &["Linear in `fc`"],
    );
    refused(
        &[(named(&graph, "layer4"), noise(&[1, 64, 2, 2], 1))],
        named(&graph, "layer3"),
        &["`layer3` depends on `input`"],
    );
    refused(
        &[(input, noise(&[1, 3, 32, 32], 1))],
        Id(usize::MAX),
        &["was requested"],
    );
    refused(&[], logits, &["no value is given"]);
    refused(&[(input, noise(&[], 1))], logits, &["no value is given"]);
}

#[test]
fn tensors_that_do_not_fit_the_graph_are_refused() {
    let graph = built("resnet18");
    let mut tensors = parameters(&graph, Kind::Double);
    let last = tensors.pop().unwrap();
    let error = Executor::new(graph.clone(), tensors)
        .unwrap_err()
        .to_string();
    assert!(error.contains("parameters, but"), "{error}");
    let mut tensors = parameters(&graph, Kind::Double);
    tensors[0] = last;
    let error = Executor::new(graph, tensors).unwrap_err().to_string();
    assert!(error.contains("`conv1.weight` has shape [7]"), "{error}");
}
