//! Dropout does nothing outside training.

use graph::{Id, Op};

use crate::passes::Draft;

/// Lets what reads a dropout read what it reads; one whose output is kept stays.
pub(crate) fn drop_dropout(draft: &mut Draft) {
    let mut same: Vec<Id> = (0..draft.graph.values.len()).map(Id).collect();
    let mut gone = vec![false; draft.graph.nodes.len()];
    for (place, gone) in gone.iter_mut().enumerate() {
        for id in &mut draft.graph.nodes[place].inputs {
            *id = same[id.0];
        }
        let node = &draft.graph.nodes[place];
        if let (Op::Dropout { .. }, [input], [output]) =
            (&node.op, &node.inputs[..], &node.outputs[..])
            && !draft.is_kept(*output)
        {
            same[output.0] = *input;
            *gone = true;
        }
    }
    draft.remove(&gone);
}
