//! The trace as a person or a program reads it.

use std::io::{self, ErrorKind, Write};

use anyhow::Result;
use enredo_decoding::{GenerationConfig, Trace, TracedToken};

/// Tells of the row, the chain and the pick, on stderr.
pub(crate) fn summary(trace: &Trace, config: &GenerationConfig, rows: usize) -> Result<()> {
    let mut out = io::stderr().lock();
    if rows > 1 {
        writeln!(out, "the last of {rows} rows")?;
    }
    let chain = config.chain()?;
    let links: Vec<&str> = chain.links().map(|link| link.name()).collect();
    let links = if links.is_empty() { "nothing".to_owned() } else { links.join(", ") };
    let pick = if config.do_sample { "a draw" } else { "the best (do_sample is false)" };
    writeln!(out, "the chain is {links}, then {pick}")?;
    writeln!(
        out,
        "V = {}, kept {} with a mass of {:.6}, entropy {:.4} -> {:.4} nats, picked token {}",
        trace.tokens.len(),
        trace.kept(),
        trace.kept_mass(),
        trace.entropy_raw(),
        trace.entropy_final(),
        trace.picked
    )?;
    Ok(())
}

/// Prints the tokens that are kept, or all; a reader that has seen enough may close the pipe.
pub(crate) fn tokens(trace: &Trace, json: bool, all: bool) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let shown = trace.tokens.iter().filter(|token| all || token.kept);
    let written = if json { lines(&mut out, shown) } else { table(&mut out, shown, trace.picked) };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn lines<'a>(
    out: &mut impl Write,
    tokens: impl Iterator<Item = &'a TracedToken>,
) -> io::Result<()> {
    for token in tokens {
        serde_json::to_writer(&mut *out, token)?;
        writeln!(out)?;
    }
    Ok(())
}

/// A star marks the pick.
fn table<'a>(
    out: &mut impl Write,
    tokens: impl Iterator<Item = &'a TracedToken>,
    picked: u32,
) -> io::Result<()> {
    writeln!(out, "   rank       id       logit     p raw   p final  cut by")?;
    for TracedToken { id, rank, logit, p_raw, p_final, cut_by, .. } in tokens {
        let (star, link) =
            (if *id == picked { '*' } else { ' ' }, cut_by.as_deref().unwrap_or("-"));
        writeln!(out, "{star}{rank:>6} {id:>8} {logit:>11.4} {p_raw:>9.6} {p_final:>9.6}  {link}")?;
    }
    Ok(())
}
