//! The sentences of the built-in corpus: words, and classes or pronouns in braces.

/// First sentences. `{hero}` decides whether a later pronoun is hers or his.
pub(super) const OPENINGS: [&str; 20] = [
    "This movie is a {tone} {kind} about {theme} and {theme} .",
    "This movie is a {tone} tale of {theme} in {town} .",
    "This movie is a {tone} {kind} in which a {adjective} {role} {verbs} the {thing} .",
    "A story about {theme} and {theme} , in which {hero} {verbs} a {adjective} {role} .",
    "A story about a {adjective} {role} who {adverb} {verbs} the {thing} of {town} .",
    "A {tone} story of {theme} , {theme} and {theme} .",
    "In the future , the world is {adjective} , and a {adjective} {role} must {verb} the {thing} .",
    "In the future , the world {verbs} {theme} , until {hero} {verbs} the {adjective} {thing} .",
    "A {adjective} {role} {verbs} the {adjective} {thing} in {town} .",
    "A {adjective} {role} named {hero} {verbs} a {adjective} {thing} , and {he} must {verb} the {people} of {town} .",
    "A {adjective} {role} and a {adjective} {role} {verb} the {place} near {town} .",
    "{hero} is a {adjective} {role} who {verbs} {his} {adjective} {relative} in {town} .",
    "{hero} , a {adjective} {role} , {adverb} {verbs} the {thing} of {his} {relative} .",
    "After the {event} , {hero} {verbs} a {adjective} {place} with {his} {relative} .",
    "When a {adjective} {role} {verbs} the {place} , the {people} of {town} {verb} {theme} .",
    "The {adjective} {people} of {town} {verb} a {adjective} {thing} during the {event} .",
    "Two {adjective} {people} {verb} the {thing} of a {adjective} {role} .",
    "Set in {town} , this {tone} {kind} follows {hero} , a {role} who {adverb} {verbs} {people} .",
    "Years after the {event} , a {adjective} {role} {verbs} {town} and {verbs} {theme} .",
    "Some {people} and {people} {verb} {theme} at the {adjective} {place} of {town} .",
];

/// Sentences that may follow.
pub(super) const CONTINUATIONS: [&str; 12] = [
    "But {he} must {verb} the {adjective} {thing} before the {event} .",
    "But {theme} {verbs} {him} at the {place} .",
    "Soon the {people} {verb} {his} {adjective} {relative} .",
    "With a {adjective} {thing} , {he} can {verb} the {place} .",
    "Meanwhile , a {adjective} {role} {adverb} {verbs} the {people} of {town} .",
    "Only {theme} can {verb} the {adjective} {thing} .",
    "Together they {verb} {theme} and {theme} .",
    "In {town} , a {adjective} {role} {verbs} {him} .",
    "What follows is a {tone} {kind} of {theme} .",
    "There {he} must choose between {theme} and {theme} .",
    "Now the {adjective} {role} must {verb} {his} {relative} .",
    "Then {hero} {verbs} the {adjective} {place} .",
];
