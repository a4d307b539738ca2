//! Which faults strike a request: they are counted here.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Action, Call, Fault, Trigger, When};

#[derive(Debug)]
struct Armed {
    fault: Fault,
    matched: u32,
    struck: u32,
    first: Option<Instant>,
}

#[derive(Debug, Default)]
struct State {
    armed: Vec<Armed>,
    random: u64,
}

/// The faults that are armed, in their order.
#[derive(Debug, Default)]
pub struct Rules {
    state: Mutex<State>,
}

impl Rules {
    /// Arms these faults in place of all others. The seed decides wherever one strikes a share of its matches.
    pub fn arm(&self, faults: &[Fault], seed: u64) {
        let armed =
            faults.iter().map(|fault| Armed { fault: fault.clone(), matched: 0, struck: 0, first: None });
        *self.lock() = State { armed: armed.collect(), random: seed };
    }

    /// No faults any more.
    pub fn clear(&self) {
        self.arm(&[], 0);
    }

    /// How often each fault has struck, in their order.
    #[must_use]
    pub fn struck(&self) -> Vec<u32> {
        self.lock().armed.iter().map(|armed| armed.struck).collect()
    }

    /// What strikes this call at this moment.
    pub(crate) fn due(&self, when: When, call: &Call) -> Vec<Action> {
        let mut state = self.lock();
        let State { armed, random } = &mut *state;
        armed
            .iter_mut()
            .filter(|armed| armed.fault.trigger.when == when && matches(&armed.fault.trigger, call))
            .filter_map(|armed| armed.strike(random))
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn strike(&mut self, random: &mut u64) -> Option<Action> {
        let trigger = &self.fault.trigger;
        self.matched = self.matched.saturating_add(1);
        let lasts = Duration::from_secs(trigger.lasts);
        let is_over = trigger.lasts > 0 && self.first.is_some_and(|first| first.elapsed() > lasts);
        let is_used_up = trigger.times > 0 && self.struck >= trigger.times;
        let is_early = self.matched < trigger.occurrence;
        if is_over || is_used_up || is_early {
            return None;
        }
        if trigger.percent < 100 && next(random) % 100 >= u64::from(trigger.percent) {
            return None;
        }
        self.first.get_or_insert_with(Instant::now);
        self.struck = self.struck.saturating_add(1);
        Some(self.fault.action.clone())
    }
}

/// The next number of a SplitMix64 sequence: the same seed gives the same numbers everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn matches(trigger: &Trigger, call: &Call) -> bool {
    let fits =
        |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| is_like(wanted, found));
    let verb_fits = match trigger.verb.as_deref() {
        Some("write") => call.is_write(),
        _ => fits(&trigger.verb, &call.verb),
    };
    verb_fits
        && fits(&trigger.identity, &call.identity)
        && fits(&trigger.resource, &call.resource)
        && !trigger.but.iter().any(|but| is_like(but, &call.resource))
        && fits(&trigger.namespace, &call.namespace)
        && fits(&trigger.name, &call.name)
        && trigger.resumes.is_none_or(|resumes| resumes == call.resumes)
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(begin) else { return false };
    text.char_indices()
        .map(|(place, _)| place)
        .chain([text.len()])
        .any(|place| text.get(place..).is_some_and(|left| is_like(rest, left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(verb: &str, resource: &str, name: &str) -> Call {
        Call {
            identity: "operator".to_owned(),
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            name: name.to_owned(),
            ..Call::default()
        }
    }

    fn strikes(trigger: Trigger, calls: &[Call]) -> Vec<bool> {
        let rules = Rules::default();
        rules.arm(&[Fault { trigger, action: Action::Kill {} }], 7);
        calls.iter().map(|call| !rules.due(When::BeforeForward, call).is_empty()).collect()
    }

    #[test]
    fn only_the_wanted_occurrence_is_struck() {
        let calls = vec![call("patch", "pods", "workspace"); 4];
        assert_eq!(
            strikes(Trigger { occurrence: 2, ..Trigger::default() }, &calls),
            [false, true, false, false]
        );
        let twice = Trigger { occurrence: 2, times: 2, ..Trigger::default() };
        assert_eq!(strikes(twice, &calls), [false, true, true, false]);
        assert_eq!(strikes(Trigger::always(), &calls), [true; 4]);
    }

    #[test]
    fn what_does_not_match_is_not_counted() {
        let calls = [
            call("get", "pods", "workspace"),
            call("patch", "leases", "operator"),
            call("patch", "pods", "pull-1"),
            call("patch", "pods", "workspace"),
        ];
        assert_eq!(strikes(Trigger::write(), &calls), [false, false, true, false]);
        let named = Trigger { name: Some("work*".to_owned()), occurrence: 2, ..Trigger::default() };
        assert_eq!(strikes(named, &calls), [false, false, false, true]);
        let elsewhere = Trigger { identity: Some("other".to_owned()), ..Trigger::always() };
        assert_eq!(strikes(elsewhere, &calls), [false; 4]);
        let later = Trigger { when: When::AfterCommit, ..Trigger::always() };
        assert_eq!(strikes(later, &calls), [false; 4]);
    }

    #[test]
    fn a_share_is_the_same_for_the_same_seed() {
        let calls = vec![call("patch", "pods", "workspace"); 200];
        let some = || strikes(Trigger { percent: 70, ..Trigger::always() }, &calls);
        let struck = some().into_iter().filter(|struck| *struck).count();
        assert_eq!(some(), some());
        assert!((100..180).contains(&struck), "{struck} of 200");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("pull-*", "pull-1", true),
            ("pull-*", "workspace", false),
            ("*-b", "a-b", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("pods", "pods/status", false),
        ] {
            assert_eq!(is_like(pattern, text), fits, "{pattern} {text}");
        }
    }
}
