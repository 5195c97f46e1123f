//! What becomes of operators, on networks of a few.

use super::*;

fn graph(bytes: &[u8]) -> Graph {
    read(bytes)
        .unwrap_or_else(|refusal| panic!("{refusal}"))
        .graph
}

#[test]
fn a_write_makes_a_new_value() {
    let bytes = Written::new()
        .then(
            "aten.neg.default",
            &json!({"self": tensor("x")}),
            "a",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.relu_.default",
            &json!({"self": tensor("a")}),
            "b",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.add.Tensor",
            &json!({"self": tensor("a"), "other": tensor("b")}),
            "c",
            &[0, 3, 4, 4],
        )
        .gives("c");
    let expected = "a = Unary of x\nb = Unary of a\nc = Binary of b, b\nc";
    assert_eq!(listing(&graph(&bytes)), expected);
}

#[test]
fn a_write_to_a_view_reaches_what_it_is_a_view_of_and_its_other_views() {
    let bytes = Written::new()
        .then(
            "aten.neg.default",
            &json!({"self": tensor("x")}),
            "a",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.slice.Tensor",
            &json!({"self": tensor("a"), "dim": int(2), "end": int(2)}),
            "top",
            &[0, 3, 2, 4],
        )
        .then(
            "aten.select.int",
            &json!({"self": tensor("a"), "dim": int(1), "index": int(0)}),
            "red",
            &[0, 4, 4],
        )
        .then(
            "aten.relu_.default",
            &json!({"self": tensor("top")}),
            "written",
            &[0, 3, 2, 4],
        )
        .then(
            "aten.sum.default",
            &json!({"self": tensor("red")}),
            "sum",
            &[],
        )
        .then(
            "aten.mul.Tensor",
            &json!({"self": tensor("a"), "other": tensor("sum")}),
            "b",
            &[0, 3, 4, 4],
        )
        .gives("b");
    let expected = "a = Unary of x\n\
        top = Slice of a\n\
        written = Unary of top\n\
        written.5 = SliceScatter of a, written\n\
        red.6 = Select of written.5\n\
        sum = Sum of red.6\n\
        b = Binary of written.5, sum\n\
        b";
    assert_eq!(
        listing(&graph(&bytes)),
        expected
            .replace("written.5", "written.6")
            .replace("red.6", "written.7")
    );
}

#[test]
fn a_write_to_a_permuted_and_reshaped_view_is_carried_back() {
    let bytes = Written::new()
        .then("aten.neg.default", &json!({"self": tensor("x")}), "a", &[0, 3, 4, 4])
        .then("aten.view.default", &json!({"self": tensor("a"), "size": {"as_sym_ints": [{"as_name": "n"}, {"as_int": 48}]}}), "flat", &[0, 48])
        .then("aten.permute.default", &json!({"self": tensor("flat"), "dims": {"as_ints": [1, 0]}}), "turned", &[48, 0])
        .then("aten.mul_.Tensor", &json!({"self": tensor("turned"), "other": {"as_float": 2.0}}), "written", &[48, 0])
        .gives("a");
    let graph = graph(&bytes);
    let [.., back, reshaped] = &graph.nodes[..] else {
        panic!("{}", listing(&graph));
    };
    assert_eq!(back.op, Op::Permute { axes: vec![1, 0] });
    let fixed = |fixed| crate::op::Size { each: 0, fixed };
    let shape = vec![
        crate::op::Size { each: 1, fixed: 0 },
        fixed(3),
        fixed(4),
        fixed(4),
    ];
    assert_eq!(reshaped.op, Op::Reshape { shape });
    assert_eq!(graph.outputs[0].1, reshaped.outputs[0]);
}

#[test]
fn a_write_to_a_copy_changes_nothing_else() {
    for operator in ["clone", "lift_fresh_copy"] {
        let bytes = Written::new()
            .then(
                "aten.neg.default",
                &json!({"self": tensor("x")}),
                "a",
                &[0, 3, 4, 4],
            )
            .then(
                &format!("aten.{operator}.default"),
                &json!({"self": tensor("a")}),
                "copy",
                &[0, 3, 4, 4],
            )
            .then(
                "aten.zero_.default",
                &json!({"self": tensor("copy")}),
                "zero",
                &[0, 3, 4, 4],
            )
            .gives("a");
        assert_eq!(listing(&graph(&bytes)), "a = Unary of x\na");
    }
}

#[test]
fn dropout_and_other_names_of_a_value_are_no_nodes() {
    let dropout = |train: bool| json!({"input": tensor("a"), "p": {"as_float": 0.5}, "train": {"as_bool": train}});
    let network = |train| {
        Written::new()
            .then(
                "aten.exp.default",
                &json!({"self": tensor("x")}),
                "a",
                &[0, 3, 4, 4],
            )
            .then("aten.dropout.default", &dropout(train), "b", &[0, 3, 4, 4])
            .then(
                "aten.contiguous.default",
                &json!({"self": tensor("b")}),
                "c",
                &[0, 3, 4, 4],
            )
            .gives("c")
    };
    let graph = graph(&network(false));
    assert_eq!(listing(&graph), "a = Unary of x\na");
    for name in ["a", "b", "c", "part"] {
        assert_eq!(graph.find(name), Some(graph.outputs[0].1), "{name}");
    }
    assert!(refusal(&network(true)).contains("network.eval()"));
}

#[test]
fn a_write_to_a_parameter_or_to_repeated_numbers_is_refused() {
    let parameter = Written::new()
        .then(
            "aten.neg_.default",
            &json!({"self": tensor("p_weight")}),
            "a",
            &[4, 3],
        )
        .gives("a");
    assert!(refusal(&parameter).contains("changes its own parameters"));
    let repeated = Written::new()
        .then(
            "aten.neg.default",
            &json!({"self": tensor("x")}),
            "a",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.expand.default",
            &json!({"self": tensor("a"), "size": {"as_ints": [2, -1, -1, -1, -1]}}),
            "b",
            &[2, 0, 3, 4, 4],
        )
        .then(
            "aten.neg_.default",
            &json!({"self": tensor("b")}),
            "c",
            &[2, 0, 3, 4, 4],
        )
        .gives("c");
    assert!(refusal(&repeated).contains("repeats numbers"));
}

#[test]
fn statistics_of_weights_are_those_of_a_group_norm_and_statistics_of_a_batch_are_refused() {
    let norm = |input: &str| {
        json!({
            "input": tensor(input), "weight": {"as_none": true}, "bias": {"as_none": true}, "running_mean": {"as_none": true},
            "running_var": {"as_none": true}, "training": {"as_bool": true}, "momentum": {"as_float": 0.0}, "eps": {"as_float": 1e-6},
        })
    };
    let weights = Written::new()
        .then(
            "aten.view.default",
            &json!({"self": tensor("p_weight"), "size": {"as_ints": [1, 4, 3]}}),
            "a",
            &[1, 4, 3],
        )
        .then("aten.batch_norm.default", &norm("a"), "b", &[1, 4, 3])
        .then(
            "aten.matmul.default",
            &json!({"self": tensor("x"), "other": tensor("b")}),
            "c",
            &[0, 3, 4, 3],
        )
        .gives("c");
    let graph = graph(&weights);
    let epsilon = 1e-6;
    assert!(
        graph
            .nodes
            .iter()
            .any(|node| node.op == Op::GroupNorm { groups: 4, epsilon })
    );
    let batch = Written::new()
        .then("aten.batch_norm.default", &norm("x"), "a", &[0, 3, 4, 4])
        .gives("a");
    let refusal = refusal(&batch);
    assert!(
        refusal.contains("training mode") && refusal.contains("`part`"),
        "{refusal}"
    );
}

#[test]
fn a_last_softmax_is_recognised() {
    for (operator, log) in [("aten.softmax.int", false), ("aten.log_softmax.int", true)] {
        let bytes = Written::new()
            .then(
                "aten.mean.dim",
                &json!({"self": tensor("x"), "dim": {"as_ints": [2, 3]}}),
                "logits",
                &[0, 3],
            )
            .then(
                operator,
                &json!({"self": tensor("logits"), "dim": int(1)}),
                "p",
                &[0, 3],
            )
            .gives("p");
        let graph = graph(&bytes);
        let output = graph.outputs[0].1;
        let logits = graph.find("logits").unwrap();
        assert_eq!(graph.before_softmax(output), Some((logits, log)));
        assert_eq!(graph.before_softmax(logits), None);
    }
}

#[test]
fn outputs_have_the_names_of_a_dictionary() {
    let spec = |tree: Value| json!([1, tree]).to_string();
    let leaf = json!({"type": null, "context": null, "children_spec": []});
    let node = |kind: &str, context: Value, children: Vec<Value>| json!({"type": kind, "context": context, "children_spec": children});
    let named = |names: &[&str]| -> Vec<Option<String>> {
        names.iter().map(|&name| Some(name.to_owned())).collect()
    };
    let plain = spec(leaf.clone());
    assert_eq!(out_names(Some(&plain)), [None]);
    let dictionary = spec(node(
        "builtins.dict",
        json!("[\"logits\", \"aux\"]"),
        vec![leaf.clone(); 2],
    ));
    assert_eq!(out_names(Some(&dictionary)), named(&["logits", "aux"]));
    let output = spec(node(
        "transformers.ModelOutput",
        json!("[\"Output\", [\"logits\"]]"),
        vec![leaf.clone()],
    ));
    assert_eq!(out_names(Some(&output)), named(&["logits"]));
    let tuple = spec(node(
        "builtins.tuple",
        json!("null"),
        vec![
            leaf.clone(),
            node("builtins.dict", json!("[\"a\"]"), vec![leaf]),
        ],
    ));
    assert_eq!(out_names(Some(&tuple)), [None, Some("a".to_owned())]);
    assert!(out_names(Some("no JSON")).is_empty());
}

#[test]
fn dead_nodes_are_left_out_unless_they_are_watched() {
    let bytes = Written::new()
        .then(
            "aten.exp.default",
            &json!({"self": tensor("x")}),
            "a",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.neg.default",
            &json!({"self": tensor("a")}),
            "b",
            &[0, 3, 4, 4],
        )
        .gives("b");
    let mut whole = graph(&bytes);
    let a = whole.find("a").unwrap();
    whole.outputs[0].1 = a;
    let mut cut = whole.clone();
    passes::remove_dead(&mut cut, &[]);
    assert_eq!(listing(&cut), "a = Unary of x\na");
    assert_eq!(cut.find("b"), None);
    let b = whole.find("b").unwrap();
    passes::remove_dead(&mut whole, &[b]);
    assert_eq!(whole.nodes.len(), 2);
}

#[test]
fn what_decomposition_makes_of_attention_and_rolls_is_known() {
    let truths =
        |name: &str| json!({"self": tensor(name), "dim": int(-1), "keepdim": {"as_bool": true}});
    let bytes = Written::new()
        .then(
            "aten.eq.Scalar",
            &json!({"self": tensor("x"), "other": {"as_float": "-Infinity"}}),
            "a",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.logical_not.default",
            &json!({"self": tensor("a")}),
            "b",
            &[0, 3, 4, 4],
        )
        .then("aten.any.dim", &truths("b"), "c", &[0, 3, 4, 1])
        .then(
            "aten.sub.Tensor",
            &json!({"self": {"as_float": 1.5}, "other": tensor("x")}),
            "d",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.fmod.Scalar",
            &json!({"self": tensor("d"), "other": int(2)}),
            "e",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.where.self",
            &json!({"condition": tensor("c"), "self": tensor("x"), "other": tensor("e")}),
            "f",
            &[0, 3, 4, 4],
        )
        .gives("f");
    let graph = graph(&bytes);
    let expected = "a = Scalar of x\nb = Scalar of a\nc.4 = Scalar of b\nc = Amax of c.4\nd = Scalar of x\ne = Scalar of d\nf = Where of c, x, e\nf";
    assert_eq!(listing(&graph).replace("b.4", "c.4"), expected);
    let Op::Scalar { number, left, .. } = &graph.nodes[4].op else {
        panic!("{:?}", graph.nodes[4].op);
    };
    assert_eq!((*number, *left), (crate::op::Number::Real(1.5), true));
}

#[test]
fn memory_is_read_in_another_way_only_where_it_lies_in_order() {
    let strided = |size: &[i64], result: &[i64]| {
        let size =
            json!({"self": tensor("a"), "size": {"as_ints": size}, "stride": {"as_ints": [4, 1]}});
        Written::new()
            .then(
                "aten.sum.dim_IntList",
                &json!({"self": tensor("x"), "dim": {"as_ints": [0, 1]}}),
                "a",
                &[4, 4],
            )
            .then("aten.as_strided.default", &size, "b", result)
            .gives("b")
    };
    assert_eq!(
        listing(&graph(&strided(&[16], &[16]))),
        "a = Sum of x\nb = Reshape of a\nb"
    );
    assert!(refusal(&strided(&[2, 4], &[2, 4])).contains("as_strided"));
}

/// What a network of a split takes that is written to as a whole, and whose parts are then read.
fn split_and_read(parts: i64) -> Vec<u8> {
    let shape = [0, parts];
    let mut written = Written::new()
        .then(
            "aten.repeat.default",
            &json!({"self": tensor("x"), "repeats": {"as_ints": [1, 1, 1, 1]}}),
            "a",
            &shape,
        )
        .then(
            "aten.chunk.default",
            &json!({"self": tensor("a"), "chunks": int(parts), "dim": int(1)}),
            "part",
            &[0, 1],
        );
    let outputs = (0..parts).map(|part| json!({"name": format!("part{part}")}));
    let outputs: Vec<Value> = outputs.collect();
    written.nodes[1]["outputs"] = json!([{"as_tensors": outputs}]);
    for part in 0..parts {
        written.tensors.insert(format!("part{part}"), meta(&[0, 1]));
    }
    written = written.then(
        "aten.relu_.default",
        &json!({"self": tensor("a")}),
        "written",
        &shape,
    );
    for part in 0..parts {
        let input = json!({"self": tensor(&format!("part{part}"))});
        let name = format!("read{part}");
        written = written.then("aten.neg.default", &input, &name, &[0, 1]);
    }
    let all: Vec<Value> = (0..parts)
        .map(|part| json!({"name": format!("read{part}")}))
        .collect();
    let all = json!({"tensors": {"as_tensors": all}, "dim": int(1)});
    written
        .then("aten.cat.default", &all, "all", &shape)
        .gives("all")
}

#[test]
fn parts_of_a_split_are_read_again_in_as_many_steps_as_there_are_parts() {
    let counts = [100, 200].map(|parts| {
        let bytes = split_and_read(parts);
        let slices = graph(&bytes).nodes.into_iter();
        let slices = slices.filter_map(|node| match node.op {
            Op::Slice { start, end, .. } => Some((start?.fixed, end?.fixed)),
            _ => None,
        });
        let expected: Vec<(i64, i64)> = (0..parts).map(|part| (part, part + 1)).collect();
        assert_eq!(slices.collect::<Vec<_>>(), expected);
        allocation_counter::measure(|| drop(read(&bytes))).count_total
    });
    assert!(counts[1] < counts[0] * 5 / 2, "{counts:?}");
}

#[test]
fn the_modules_of_a_network_are_found_in_as_many_steps_as_there_are_modules() {
    let sizes = [100, 200].map(|count| {
        let mut written = Written::new();
        for index in 0..count {
            let input = if index == 0 {
                "x".to_owned()
            } else {
                format!("a{}", index - 1)
            };
            let input = json!({"self": tensor(&input)});
            let name = format!("a{index}");
            written = written.then("aten.neg.default", &input, &name, &[0, 3, 4, 4]);
            let module = format!("L__self__part{index},part{index},Part");
            written.nodes[index]["metadata"]["nn_module_stack"] = module.into();
        }
        let graph = graph(&written.gives(&format!("a{}", count - 1)));
        assert_eq!(graph.modules().len(), count);
        allocation_counter::measure(|| drop(graph.modules())).bytes_total
    });
    assert!(sizes[1] < sizes[0] * 3, "{sizes:?}");
}

#[test]
fn a_detached_tensor_is_a_value_of_its_own_under_both_names_where_it_was_detached_in_place() {
    let negative = |of: &str, name: &str, written: Written| {
        written.then(
            "aten.neg.default",
            &json!({"self": tensor(of)}),
            name,
            &[0, 3, 4, 4],
        )
    };
    let detached = |operator: &str| {
        let written = negative("x", "a", Written::new()).then(
            operator,
            &json!({"self": tensor("a")}),
            "b",
            &[0, 3, 4, 4],
        );
        let written = negative("b", "d", negative("a", "c", written)).then(
            "aten.add.Tensor",
            &json!({"self": tensor("c"), "other": tensor("d")}),
            "e",
            &[0, 3, 4, 4],
        );
        listing(&graph(&written.gives("e")))
    };
    let whole = |from: &str| {
        format!(
            "a = Unary of x\nb = Detach of a\nc = Unary of {from}\nd = Unary of b\ne = Binary of c, d\ne"
        )
    };
    for operator in ["aten.detach.default", "aten.detach_copy.default"] {
        assert_eq!(detached(operator), whole("a"));
    }
    assert_eq!(detached("aten.detach_.default"), whole("b"));
    // What is written to the original is seen through a detached tensor.
    let seen = negative("x", "a", Written::new())
        .then(
            "aten.detach.default",
            &json!({"self": tensor("a")}),
            "b",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.relu_.default",
            &json!({"self": tensor("a")}),
            "c",
            &[0, 3, 4, 4],
        );
    let seen = listing(&graph(&negative("b", "d", seen).gives("d")));
    assert!(
        seen.ends_with("c = Unary of a\nc.5 = Detach of c\nd = Unary of c.5\nd"),
        "{seen}"
    );
    let written = negative("x", "a", Written::new())
        .then(
            "aten.detach.default",
            &json!({"self": tensor("a")}),
            "b",
            &[0, 3, 4, 4],
        )
        .then(
            "aten.relu_.default",
            &json!({"self": tensor("b")}),
            "c",
            &[0, 3, 4, 4],
        );
    let refused = refusal(&negative("c", "d", written).gives("d"));
    assert!(refused.contains("x.detach().clone()"), "{refused}");
}
