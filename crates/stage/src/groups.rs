//! Groups of actions: how they are divided among devices, tried again in halves, and timed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use study::plan::Subject;

use crate::{Output, Outputs, StageError};

/// The results of a group. A group that fails may do so because of one action, so its halves are tried, and the others stay in groups that are
/// about as large. After an error that the actions behind it would meet too, there are no more results.
pub(crate) fn attempt(
    subjects: &[&Subject],
    work: &mut dyn FnMut(&[&Subject]) -> Result<Outputs, StageError>,
) -> Outputs {
    match work(subjects) {
        Ok(outputs) => {
            assert_eq!(outputs.len(), subjects.len(), "a result for each action");
            outputs
        }
        Err(error) if subjects.len() == 1 || error.is_fatal() => vec![Err(error)],
        Err(_) => {
            let (first, second) = subjects.split_at(subjects.len() / 2);
            let mut outputs = attempt(first, work);
            let ended =
                |output: &Result<_, StageError>| output.as_ref().is_err_and(StageError::is_fatal);
            if !outputs.last().is_some_and(ended) {
                outputs.extend(attempt(second, work));
            }
            outputs
        }
    }
}

/// Does the pieces of work 0 .. `count`, each with the state that is free first, so that there are as many threads as states; with one state in this
/// thread. After an error no further piece is begun.
pub(crate) fn shared_out<S: Send, E: Send>(
    count: usize,
    states: &[Mutex<S>],
    work: impl Fn(&mut S, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let take = |state: &Mutex<S>| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return Ok(());
            }
            let done = work(&mut state, place);
            if done.is_err() {
                next.store(count, Ordering::Relaxed);
                return done;
            }
        }
    };
    if let [state] = states {
        return take(state);
    }
    std::thread::scope(|scope| {
        let take = &take;
        let workers: Vec<_> = states
            .iter()
            .map(|state| scope.spawn(move || take(state)))
            .collect();
        let ends = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        // Each of them is waited for, whatever the first one says.
        ends.fold(Ok(()), Result::and)
    })
}

/// The time of a group divided among its actions by what was computed for each, evenly where nothing was.
pub(crate) fn shares(outputs: &[Result<Output, StageError>], seconds: f64) -> Vec<f64> {
    let computed = |output: &Result<Output, StageError>| {
        let output = output.as_ref();
        output.map_or(0, |output| output.computed + output.backward_passes)
    };
    let all: u64 = outputs.iter().map(computed).sum();
    let share = |output| match all {
        0 => seconds / outputs.len() as f64,
        all => seconds * computed(output) as f64 / all as f64,
    };
    outputs.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_of_work_is_done_once_and_by_one_of_the_states() {
        for states in 1..=4 {
            let states: Vec<_> = (0..states).map(|_| Mutex::new(Vec::new())).collect();
            let done = shared_out(50, &states, |mine: &mut Vec<usize>, place| {
                mine.push(place);
                Ok::<(), ()>(())
            });
            assert_eq!(done, Ok(()));
            let each: Vec<Vec<usize>> = states
                .into_iter()
                .map(|state| state.into_inner().unwrap())
                .collect();
            let mut all: Vec<usize> = each.into_iter().flatten().collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..50));
        }
    }

    #[test]
    fn after_an_error_no_further_piece_is_begun() {
        let states: Vec<_> = (0..3).map(|_| Mutex::new(0)).collect();
        let done = shared_out(1000, &states, |begun: &mut u32, place| {
            *begun += 1;
            std::thread::sleep(std::time::Duration::from_micros(200));
            if place == 5 { Err("no") } else { Ok(()) }
        });
        assert_eq!(done, Err("no"));
        let begun: u32 = states.iter().map(|state| *state.lock().unwrap()).sum();
        assert!(begun < 100, "{begun}");
    }

    /// Tries a group of 16 images in which one fails with an error: whether each result is good, and how many images each call was given.
    fn attempt_with(error: fn() -> StageError) -> (Vec<bool>, Vec<usize>) {
        let subjects: Vec<Subject> = (0..16)
            .map(|image| Subject {
                image: Some(image),
                ..Subject::default()
            })
            .collect();
        let mut calls = Vec::new();
        let mut work = |group: &[&Subject]| {
            calls.push(group.len());
            if group.iter().any(|subject| subject.image == Some(5)) {
                return Err(error());
            }
            Ok(group.iter().map(|_| Ok(Output::default())).collect())
        };
        let outputs = attempt(&subjects.iter().collect::<Vec<_>>(), &mut work);
        (outputs.iter().map(Result::is_ok).collect(), calls)
    }

    #[test]
    fn of_a_group_only_the_action_fails_that_fails_alone_and_the_others_stay_together() {
        let (good, calls) = attempt_with(|| StageError::action("no"));
        let expected: Vec<bool> = (0..16).map(|image| image != 5).collect();
        assert_eq!(good, expected);
        assert_eq!(calls, [16, 8, 4, 4, 2, 1, 1, 2, 8]);
        // What would end all others too is tried once.
        let (good, calls) = attempt_with(|| StageError::shared("no network"));
        assert_eq!((good, calls), (vec![false], vec![16]));
    }

    #[test]
    fn a_groups_time_is_divided_by_what_was_computed_for_each() {
        let output = |own, computed| Ok(Output::default().passes(own, 0).computed(computed));
        let outputs = [output(10, 10), output(10, 0), output(10, 30)];
        assert_eq!(shares(&outputs, 8.0), [2.0, 0.0, 6.0]);
        let idle = [output(0, 0), Err(StageError::action("no"))];
        assert_eq!(shares(&idle, 8.0), [4.0, 4.0]);
    }
}
