//! What a sampler promises beside the distribution: the same token from the same row, errors that name
//! the fault, no memory of earlier rows.

use enredo_decoding::{
    Chain, Context, Error, Isa, Processor, Sampler, Ties, check_row, draw, greedy, softmax,
};

use crate::{
    Random,
    links::{self, Link},
    rows::{CUT, SHAPES},
};

/// Every filter and the common chains.
fn chains(len: usize) -> Vec<Vec<Link>> {
    let singles = links::singles(len).into_iter().map(|link| vec![link]);
    singles.chain(links::common()).chain(links::awkward(len)).collect()
}

#[test]
fn the_place_in_memory_changes_nothing() {
    let mut random = Random::new(21);
    for len in [17, 300, 2_000] {
        let row: Vec<f32> = (0..len).map(|_| 3.0 * random.gauss()).collect();
        for links in chains(len) {
            for isa in Isa::available() {
                let mut sampler = Sampler::seeded(links::chain(&links), 1).on(isa);
                let mut places = (0..17).map(|offset| {
                    let mut memory = vec![f32::NAN; offset];
                    memory.extend(&row);
                    sampler.sample(&[], &memory[offset..]).unwrap()
                });
                let first = places.next().unwrap();
                assert!(places.all(|token| token == first), "{links:?} on {}", isa.name());
            }
        }
    }
}

#[test]
fn a_used_sampler_is_as_good_as_new() {
    let mut random = Random::new(22);
    let lens = [2_000, 3, 700, 1, 256, 4_000, 257, 16, 2_000];
    let rows: Vec<Vec<f32>> = lens
        .into_iter()
        .flat_map(|len| [0, 1, 2].map(|_| (len, random.of(&SHAPES).1)))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(len, shape)| shape(&mut random, len))
        .collect();
    for links in chains(500) {
        for isa in Isa::available() {
            let new = || Sampler::seeded(links::chain(&links), 2).on(isa);
            let mut used = new();
            for (n, row) in rows.iter().enumerate() {
                let tokens = vec![0; n];
                let token = used.sample(&tokens, row).unwrap();
                assert_eq!(token, new().sample(&tokens, row).unwrap(), "row {n}, {links:?}");
                let in_place = used.sample_in_place(&tokens, &mut row.clone()).unwrap();
                assert_eq!(in_place, token, "row {n}, {links:?}");
                if n % 3 == 0 {
                    let ours = used.probabilities(&tokens, row).unwrap();
                    assert_eq!(ours, new().probabilities(&tokens, row).unwrap(), "{links:?}");
                }
            }
        }
    }
}

/// What each way into the crate says of a row; samplers with filters, without, and with another link first.
fn verdicts(row: &[f32]) -> Vec<(String, Option<Error>)> {
    #[derive(Debug)]
    struct Untouched;
    impl Processor for Untouched {
        fn process(&self, _: &Context<'_>, _: &mut [f32]) -> enredo_decoding::Result<()> {
            Ok(())
        }
    }
    let low = Ties::LowestIds;
    let mut all = vec![
        ("check_row".to_owned(), check_row(row).err()),
        ("greedy".to_owned(), greedy(row).err()),
        ("softmax".to_owned(), softmax(row).err()),
        ("draw".to_owned(), draw(row, 0.5).err()),
    ];
    let filters =
        [vec![], vec![Link::TopK(5, low)], vec![Link::TopP(0.9, low)], vec![Link::Typical(0.9)]];
    for isa in Isa::available() {
        for links in &filters {
            for opaque in [false, true] {
                let chain = || {
                    let chain = if opaque { Chain::new().with(Untouched) } else { Chain::new() };
                    links.iter().fold(chain, |chain, link| link.onto(chain))
                };
                for mut sampler in
                    [Sampler::greedy(chain()).on(isa), Sampler::seeded(chain(), 0).on(isa)]
                {
                    let name = |what| format!("{what} with {links:?}, {opaque}, on {}", isa.name());
                    all.push((name("sample"), sampler.sample(&[], row).err()));
                    all.push((
                        name("in place"),
                        sampler.sample_in_place(&[], &mut row.to_vec()).err(),
                    ));
                    all.push((name("probabilities"), sampler.probabilities(&[], row).err()));
                }
            }
        }
    }
    all
}

/// Every filter's own verdict, as a processor.
fn process(row: &[f32]) -> Vec<(String, Option<Error>)> {
    let of = |link: Link| {
        let mut edited = row.to_vec();
        let chain = links::chain(&[link]);
        let filter = chain.links().next().unwrap();
        (format!("{link:?}"), filter.process(&Context::new(&[]), &mut edited).err())
    };
    links::singles(row.len().max(1)).into_iter().map(of).collect()
}

/// First, last and middle, at the edges of lanes and blocks, in the tail.
fn places(len: usize) -> Vec<usize> {
    let mut places = vec![0, 1, 15, 16, 127, 255, 256, 257, 511, 512, len / 2, len - 2, len - 1];
    places.retain(|&place| place < len);
    places.sort_unstable();
    places.dedup();
    places
}

const LENS: [usize; 8] = [2, 16, 17, 255, 256, 257, 512, 1_000];

#[test]
fn a_nan_is_named_wherever_it_stands() {
    for len in LENS {
        for background in [0.5, CUT, f32::MAX] {
            for place in places(len) {
                let mut row = vec![background; len];
                row[place] = f32::NAN;
                // The first NaN is named, also beside other faults.
                row[len - 1] = if place == len - 1 { f32::NAN } else { f32::INFINITY };
                for (name, error) in verdicts(&row).into_iter().chain(process(&row)) {
                    let right =
                        matches!(error, Some(Error::NanLogit { token }) if token as usize == place);
                    assert!(right, "NaN at {place} of {len} among {background}, {name}: {error:?}");
                }
            }
        }
    }
}

#[test]
fn an_infinity_is_named_wherever_it_stands() {
    for len in LENS {
        for background in [0.5, CUT, f32::MAX] {
            for place in places(len) {
                let mut row = vec![background; len];
                row[place] = f32::INFINITY;
                for (name, error) in verdicts(&row).into_iter().chain(process(&row)) {
                    let right = matches!(error, Some(Error::InfiniteLogit { token }) if token as usize == place);
                    assert!(
                        right,
                        "+inf at {place} of {len} among {background}, {name}: {error:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_empty_or_masked_row_is_no_token() {
    for (name, error) in verdicts(&[]).into_iter().chain(process(&[])) {
        assert!(matches!(error, Some(Error::EmptyRow)), "{name}: {error:?}");
    }
    for len in LENS {
        let row = vec![CUT; len];
        for (name, error) in verdicts(&row) {
            let right = matches!(error, Some(Error::AllMasked { vocab_size }) if vocab_size == len);
            assert!(right, "{len} masked, {name}: {error:?}");
        }
        // A processor passes it on, for the sampler to refuse after the chain.
        assert!(process(&row).iter().all(|(_, error)| error.is_none()));
    }
}

#[test]
fn links_that_are_no_filters_stand_between_rows() {
    #[derive(Debug)]
    struct CutOdd;
    impl Processor for CutOdd {
        fn process(&self, _: &Context<'_>, logits: &mut [f32]) -> enredo_decoding::Result<()> {
            logits.iter_mut().skip(1).step_by(2).for_each(|x| *x = CUT);
            Ok(())
        }
    }
    let mut random = Random::new(23);
    for (_, shape) in SHAPES {
        let row = shape(&mut random, 600);
        let before = links::random(&mut random, 600);
        let after = links::random(&mut random, 600);
        let mut edited = row.clone();
        links::chain(&before).process(&Context::new(&[]), &mut edited).unwrap();
        CutOdd.process(&Context::new(&[]), &mut edited).unwrap();
        let steps = Sampler::seeded(links::chain(&after), 0).probabilities(&[], &edited).ok();
        let chain = before.iter().fold(Chain::new(), |chain, link| link.onto(chain)).with(CutOdd);
        let chain = after.iter().fold(chain, |chain, link| link.onto(chain));
        assert_eq!(Sampler::seeded(chain, 0).probabilities(&[], &row).ok(), steps);
    }
}
