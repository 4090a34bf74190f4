//! The words of the built-in corpus, by class.
//!
//! Adjectives and tones begin with a consonant, so that `a` before them is right; verbs and roles
//! take a plain `s`.

/// A class of words that fill the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Adjective,
    Adverb,
    Event,
    Hero,
    Kind,
    People,
    Place,
    Relative,
    Role,
    Theme,
    Thing,
    Tone,
    Town,
    Verb,
    Verbs,
}

impl Class {
    pub(super) const ALL: [Self; 15] = [
        Self::Adjective,
        Self::Adverb,
        Self::Event,
        Self::Hero,
        Self::Kind,
        Self::People,
        Self::Place,
        Self::Relative,
        Self::Role,
        Self::Theme,
        Self::Thing,
        Self::Tone,
        Self::Town,
        Self::Verb,
        Self::Verbs,
    ];

    /// Its name in a template's braces.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Adjective => "adjective",
            Self::Adverb => "adverb",
            Self::Event => "event",
            Self::Hero => "hero",
            Self::Kind => "kind",
            Self::People => "people",
            Self::Place => "place",
            Self::Relative => "relative",
            Self::Role => "role",
            Self::Theme => "theme",
            Self::Thing => "thing",
            Self::Tone => "tone",
            Self::Town => "town",
            Self::Verb => "verb",
            Self::Verbs => "verbs",
        }
    }

    /// Its words, the more frequent ones first. Heroes alternate: she, he, she, he …
    pub(super) fn words(self) -> Vec<String> {
        match self {
            Self::Adjective => list(ADJECTIVES),
            Self::Adverb => list(ADVERBS),
            Self::Event => list(EVENTS),
            Self::Hero => heroes(),
            Self::Kind => list(KINDS),
            Self::People => with_s(ROLES),
            Self::Place => list(PLACES),
            Self::Relative => list(RELATIVES),
            Self::Role => list(ROLES),
            Self::Theme => list(THEMES),
            Self::Thing => list(THINGS),
            Self::Tone => list(TONES),
            Self::Town => compounds(TOWN_BEGINNINGS, TOWN_ENDINGS),
            Self::Verb => list(VERBS),
            Self::Verbs => with_s(VERBS),
        }
    }
}

fn list(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

fn with_s(words: &str) -> Vec<String> {
    words.split_whitespace().map(|word| format!("{word}s")).collect()
}

/// Every beginning with every ending; neighbours differ in both.
fn compounds(beginnings: &str, endings: &str) -> Vec<String> {
    let (beginnings, endings) = (list(beginnings), list(endings));
    (0..endings.len())
        .flat_map(|shift| {
            beginnings
                .iter()
                .enumerate()
                .map(move |(i, beginning)| (beginning, i + shift))
                .collect::<Vec<_>>()
        })
        .map(|(beginning, i)| format!("{beginning}{}", endings[i % endings.len()]))
        .collect()
}

fn heroes() -> Vec<String> {
    let she = compounds(NAME_BEGINNINGS, "a ina elle ora isa ette");
    let he = compounds(NAME_BEGINNINGS, "o en ric us and iel");
    she.into_iter().zip(he).flat_map(|(she, he)| [she, he]).collect()
}

const NAME_BEGINNINGS: &str = "Mar Al Dan Kel Cor Bren Jul Ros Tam Lor Hal Ven Sil Nor Gab";

const TOWN_BEGINNINGS: &str = "Ash Stone River Black North Oak Silver Fair Green High West Cold \
    Bright Red Glen Winter Raven East Mill Wolf";

const TOWN_ENDINGS: &str = "ford ton ville port field wood";

const ROLES: &str = "detective doctor soldier teacher writer singer farmer lawyer pilot painter \
    dancer sailor hunter reporter student scientist gambler killer ranger king prisoner robber \
    professor captain banker boxer butler driver nurse guard robot wizard ghost smuggler \
    settler preacher inventor explorer engineer gangster fighter baker tailor actor agent \
    hacker juggler knight magician merchant miner monk musician orphan pirate poet \
    prophet rebel rancher runner senator servant sheriff sniper sorcerer stranger surgeon \
    swimmer thinker trader traitor trainer traveler tutor tyrant vampire veteran villager \
    waiter wanderer warrior weaver widow zombie diver broker clown collector cowboy dealer \
    dreamer editor gardener general governor healer hermit jeweler judge keeper";

const ADJECTIVES: &str = "young lonely brilliant dangerous mysterious retired small forgotten \
    ruthless quiet strange brave wealthy desperate troubled beautiful dead cold deadly hidden \
    famous poor former shy clever corrupt crooked cruel cursed dark deaf devoted dirty distant \
    divorced faithful fallen fearless fierce foolish foreign fragile frightened frozen gentle \
    ghostly gifted golden graceful greedy grieving grumpy guilty handsome harmless haunted \
    heroic holy homeless honest hopeless hungry jealous jobless kind lazy legendary little lost \
    loud loyal lucky mad magical married masked mean mighty modest naive nameless nervous noble \
    notorious paranoid patient peaceful perfect popular powerful precious pregnant private \
    proud rare reckless reluctant restless rich rival royal rude ruined sacred savage scarred \
    secret selfish serious shady silent simple sinister sleepless smart stolen stubborn sudden \
    suspicious talented terrible timid tired tough tragic vain vanished vengeful violent \
    wandering weary wild wicked wise worried wounded";

const THINGS: &str = "murder secret treasure letter diamond map machine painting book virus \
    weapon plan ship train bomb sword ring mask body crime debt contract promise fortune throne \
    crown curse dream memory diary film song code key door mirror portrait photograph relic \
    potion formula device engine signal satellite computer robbery case trial wedding \
    inheritance estate farm mine ranch herd horse wagon gun bullet badge bank vault safe truth \
    lie legend prophecy spell demon dragon beast shark wolfpack storm comet planet asteroid \
    portal clock watch necklace statue temple tomb grave skeleton coffin church bell violin \
    piano recipe restaurant bakery garden tree orchard river bridge tower castle tunnel prison \
    gate camera tape message telegram passport suitcase ticket car truck motorcycle boat \
    submarine helicopter rocket";

const PLACES: &str = "city village island mountain forest desert hospital school hotel mansion \
    house station harbor market palace border battlefield frontier highway jungle kingdom \
    laboratory library lighthouse monastery motel museum neighborhood ocean office orphanage \
    outpost park plantation police quarry reservation ruins saloon sanctuary sea shelter shore \
    slum spaceship square stadium studio suburb swamp theater trail trench underworld \
    university valley warehouse wasteland wilderness camp cabin cave cemetery circus coast \
    colony courtroom basement base attic asylum arena airport academy club";

const VERBS: &str = "find steal discover defend protect destroy save follow hunt chase help \
    escape survive join lead rescue visit reveal attack invade haunt solve remember forget \
    confront kill hire train love fear leave enter burn buy sell build break capture \
    celebrate challenge change choose claim conquer cover create deceive defeat deliver demand \
    deserve desire divide enjoy examine expose face fight fool forgive found free gather guide \
    hate heal hide ignore inherit inspire investigate kidnap lose manage meet need observe \
    offer open order outwit overcome own paint persuade plunder praise prepare prove pursue \
    question raid raise record reform refuse repair replace restore rob rule sabotage \
    secure seek seize serve share shoot silence sink spare spoil stalk summon surround suspect \
    tame terrorize test threaten torment trace track transform trap treat trust uncover \
    understand unite unmask uproot use value want warn welcome win wound wreck";

const THEMES: &str = "love revenge death friendship family war betrayal justice hope power \
    money honor faith fear freedom destiny ambition courage danger guilt greed grief happiness \
    innocence jealousy loneliness loyalty madness magic mercy music nature obsession passion \
    peace poverty pride redemption regret religion sacrifice science secrecy seduction shame \
    sin solitude sorrow success suffering superstition survival temptation terror tradition \
    treason trouble truthfulness vengeance victory violence virtue wealth wisdom wonder youth \
    fame fate forgiveness glory duty deception despair chaos charity childhood art anger \
    adventure";

const RELATIVES: &str = "father mother brother sister wife husband son daughter uncle aunt \
    cousin grandfather grandmother nephew niece partner friend enemy boss neighbor lover \
    fiancee twin stepfather stepmother mentor assistant roommate godfather";

const EVENTS: &str = "funeral election harvest revolution flood earthquake fire accident \
    divorce heist festival tournament concert premiere eclipse blackout invasion epidemic \
    famine drought massacre ambush uprising ceremony feast ball carnival strike audition \
    graduation reunion honeymoon birthday christening exam retreat ransom";

const KINDS: &str = "comedy drama thriller romance western musical mystery documentary satire \
    fable epic tragedy parody melodrama biography fantasy saga farce ballad chronicle";

const TONES: &str = "funny moving gripping romantic tense bleak witty touching charming gritty \
    sweeping dreamlike surreal dazzling poignant melancholy nostalgic sentimental spectacular \
    steamy stylish subtle suspenseful sweet tender terrifying thoughtful thrilling visceral \
    vivid warm whimsical wry bittersweet bold breathtaking chilling compelling";

const ADVERBS: &str = "secretly slowly suddenly finally quickly quietly barely bravely \
    carefully constantly daily deeply desperately eagerly easily eventually foolishly gladly \
    happily hardly hastily honestly instantly narrowly never nearly often openly politely \
    proudly rarely reluctantly repeatedly sadly silently simply tenderly twice unexpectedly \
    unwillingly violently willingly wisely";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_class_lists_a_word_twice() {
        for class in Class::ALL {
            let words = class.words();
            let distinct: HashSet<_> = words.iter().collect();
            assert_eq!(distinct.len(), words.len(), "{}", class.name());
        }
    }

    #[test]
    fn articles_fit_and_words_are_words() {
        for class in [Class::Adjective, Class::Tone] {
            assert!(class.words().iter().all(|word| !word.starts_with(['a', 'e', 'i', 'o', 'u'])));
        }
        let words: Vec<String> = Class::ALL.iter().flat_map(|class| class.words()).collect();
        assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_alphabetic())));
    }
}
