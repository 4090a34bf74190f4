//! The examples as a user runs them: a run from end to end, seeds, and bad input. Each run is a process
//! of its own, because libtorch's generator and threads are global.
#![allow(clippy::unwrap_used)]

mod program;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use enredo::run::{Eval, Metric, RunFolder, Sample, layout};
use program::{example, program, refusal, rows, scratch, stdout};
use serde_json::{Value, json};

/// A small run on the built-in corpus.
const SMALL: &str = "--quick --steps 40 --hidden-size 32 --layers 2 --ffn-size 32 \
    --log-every 20 --sample-every 20 --eval-every 25 --checkpoint-every 20 --threads 2";

/// A run made once and only read by the tests, and what it printed.
static RUN: LazyLock<(PathBuf, String)> = LazyLock::new(|| small_run("causal", 42));

fn small_run(preset: &str, seed: u32) -> (PathBuf, String) {
    let path = scratch().join("run");
    let (seed, out) = (seed.to_string(), path.to_str().unwrap());
    let more = ["--preset", preset, "--seed", &seed, "--out", out];
    let printed = stdout(&example("notebook", SMALL, &more));
    (path, printed)
}

/// A copy of the run that a test may damage.
fn copy_of_run() -> PathBuf {
    let copy = scratch();
    for entry in fs::read_dir(&RUN.0).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    copy
}

/// What a training tells programs: each line is an object.
mod for_programs {
    use super::*;

    fn events(text: &str) -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn steps(events: &[Value], kind: &str) -> Vec<u64> {
        let own = events.iter().filter(|event| event["event"] == kind);
        own.map(|event| event["step"].as_u64().unwrap()).collect()
    }

    fn event_files(run: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(run.join(layout::TENSORBOARD)).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_training_is_lines_of_json() {
        let out = scratch().join("run");
        let path = out.to_str().unwrap();
        let args = format!("{SMALL} --preset fast --ui json --tensorboard");
        let told = events(&stdout(&example("train", &args, &["--out", path])));
        assert_eq!(steps(&told, "progress"), [20, 40]);
        assert_eq!(steps(&told, "evaluation"), [25, 40]);
        assert_eq!(steps(&told, "sample").len(), 2 * 2 + 3 * 4);
        let [progress, evaluation] = ["progress", "evaluation"]
            .map(|kind| told.iter().find(|event| event["event"] == kind).unwrap().clone());
        for name in ["loss", "grad_norm", "tokens_per_second", "gemm_share"] {
            assert!(progress[name].as_f64().unwrap() > 0.0, "{progress}");
        }
        let evals: Vec<Eval> = rows(&out);
        assert_eq!(evaluation["bits_per_byte"].as_f64(), evals[0].bits_per_byte);
        assert!(told.iter().any(|event| event["event"] == "trained"));

        assert_eq!(event_files(&out).len(), 1);
        let length = |path: &Path| fs::metadata(&event_files(path)[0]).unwrap().len();
        let before = length(&out);
        let told = events(&stdout(&example("train", "--steps 60 --ui json", &["--resume", path])));
        assert_eq!(steps(&told, "progress"), [60]);
        assert_eq!(event_files(&out).len(), 1, "the old one is replaced");
        assert!(length(&out) > before, "what there was is in the new one");
    }
}

mod a_run {
    use super::*;

    #[test]
    fn leaves_a_whole_folder() {
        for name in layout::FILES {
            assert!(RUN.0.join(name).exists(), "{name}");
        }
        let run = RunFolder::open(&RUN.0).unwrap();
        assert_eq!(run.checkpoints().unwrap(), [20, 40]);
        let info = run.info().unwrap();
        assert_eq!((info.seed, info.preset.as_str(), info.data.documents), (42, "causal", 5_000));
        assert_eq!(info.settings["hidden_size"], 32);
        let config: Value = run.read_json(layout::CONFIG).unwrap();
        assert_eq!((&config["trained_length"], &config["hidden_size"]), (&31.into(), &32.into()));
        let strategy: Value = run.read_json(layout::GENERATION_CONFIG).unwrap();
        assert_eq!(strategy["suppress_tokens"], json!([0, 1, 2]));
        assert_eq!(&fs::read(RUN.0.join(layout::LOSS_PNG)).unwrap()[..4], b"\x89PNG");
    }

    #[test]
    fn records_every_step_evaluation_and_sample() {
        let metrics: Vec<Metric> = rows(&RUN.0);
        assert!(metrics.iter().map(|m| m.step).eq(1..=40));
        assert!(
            metrics.is_sorted_by(|a, b| a.tokens < b.tokens && a.train_seconds < b.train_seconds)
        );
        let evals: Vec<Eval> = rows(&RUN.0);
        assert_eq!(evals.iter().map(|e| e.step).collect::<Vec<_>>(), [25, 40]);
        assert!(evals[1].val_loss < evals[0].val_loss && evals[1].val_loss < metrics[0].loss);
        let samples: Vec<Sample> = rows(&RUN.0);
        assert_eq!(samples.len(), 2 * 2 + 3 * 4);
        assert_eq!(samples[1].strategy.config["top_p"].to_string(), "0.9");
        for sample in samples {
            assert!(
                sample.text.starts_with("This movie is a") || sample.step == 40,
                "{}",
                sample.text
            );
            assert!(
                sample.tokens.len() <= 15 && !sample.tokens.iter().any(|id| [0, 1, 2].contains(id))
            );
        }
    }

    #[test]
    fn prints_what_the_notebook_prints() {
        for expected in [
            "Documents: 5000",
            "Samples:\n • ",
            "Vocabulary: 1412 tokens",
            "PAD 0 | UNK 1 | BOS 2 | EOS 3",
            "Tokens (",
            "Parameters: ",
            "Device: cpu",
            "[step    20] loss = ",
            "perplexity = ",
            "[Greedy] This movie is a",
            "[Sampling T=0.8, K=50, P=0.9] This movie is a",
            "held-out loss = ",
            "Strategies compared",
            "Prompt: 'A story about love and'",
            "[Temp=1.5 K=None P=0.95]",
            "Next token after 'This movie is a'",
            "Top 5: [",
            "logit",
            "the model is causal",
            "Entropy of the corpus",
            "the least any causal model can reach",
        ] {
            assert!(RUN.1.contains(expected), "'{expected}' is missing in:\n{}", RUN.1);
        }
    }

    #[test]
    fn is_reported_in_one_page() {
        let page = fs::read_to_string(RUN.0.join(layout::REPORT)).unwrap();
        for expected in
            ["Content-Security-Policy", "Strategies", "Temp=0.5 K=10 P=0.9", "hidden_size"]
        {
            assert!(page.contains(expected), "'{expected}' is missing");
        }
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "it opens offline");
    }

    /// The built-in corpus makes a leak visible: no causal model can go below its entropy.
    #[test]
    fn of_the_faithful_preset_reads_the_future() {
        let out = scratch().join("run");
        let out = out.to_str().unwrap();
        let args = "--preset faithful --quick --steps 260 --eval-every 260 --sample-every 200";
        let printed = stdout(&example("notebook", args, &["--out", out]));
        for verdict in ["READS THE FUTURE", "can go below WITHOUT READING AHEAD; this one does"] {
            assert!(printed.contains(verdict), "{printed}");
        }
        let path = Path::new(out);
        assert!(rows::<Eval>(path)[0].val_loss < 1.5);
        let config: Value = RunFolder::open(path).unwrap().read_json(layout::CONFIG).unwrap();
        assert_eq!(config["add_cross_attention"], true);
        let prompt = "the world is ".repeat(40);
        stdout(&example("generate", "--max-new-tokens 3", &[out, "--prompt", &prompt]));
    }

    #[test]
    fn is_decided_by_its_seed() {
        let losses = |path: &Path| {
            let metrics = rows::<Metric>(path).into_iter();
            metrics.map(|m| (m.loss.to_bits(), m.grad_norm.to_bits(), m.tokens)).collect::<Vec<_>>()
        };
        let (same, other) = (small_run("causal", 42).0, small_run("causal", 43).0);
        assert_eq!(losses(&RUN.0), losses(&same));
        assert_eq!(rows::<Sample>(&RUN.0), rows::<Sample>(&same));
        for name in [layout::MODEL, layout::TOKENIZER] {
            assert!(
                fs::read(RUN.0.join(name)).unwrap() == fs::read(same.join(name)).unwrap(),
                "{name}"
            );
        }
        assert_ne!(losses(&RUN.0), losses(&other));
    }

    #[test]
    fn is_not_overwritten_unless_told() {
        let out = copy_of_run();
        fs::write(out.join("notes.txt"), "mine").unwrap();
        let before = fs::read(out.join(layout::METRICS)).unwrap();
        let refused = refusal(&example("notebook", SMALL, &["--out", out.to_str().unwrap()]));
        assert!(refused.contains("--overwrite"), "{refused}");
        assert!(fs::read(out.join(layout::METRICS)).unwrap() == before);
        let args = format!("{SMALL} --steps 3 --overwrite").replace("--steps 40 ", "");
        stdout(&example("notebook", &args, &["--out", out.to_str().unwrap()]));
        assert_eq!(rows::<Metric>(&out).len(), 3);
        assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
    }

    #[test]
    fn that_diverges_says_so_and_keeps_what_it_wrote() {
        let out = scratch().join("run");
        let args = format!("{SMALL} --lr 1e30");
        let refused = refusal(&example("notebook", &args, &["--out", out.to_str().unwrap()]));
        assert!(
            refused.contains("none of them changed the weights")
                && refused.contains("learning rate"),
            "{refused}"
        );
        let metrics: Vec<Metric> = rows(&out);
        let last = metrics.last().unwrap();
        assert!(!last.loss.is_finite() || !last.grad_norm.is_finite(), "{last:?}");
        assert!(out.join(layout::LOSS_SVG).exists(), "the curve is drawn when it is wanted most");
    }
}

mod a_trained_model {
    use super::*;

    fn run() -> &'static str {
        RUN.0.to_str().unwrap()
    }

    #[test]
    fn generates_what_was_asked() {
        let output = example("generate", "--num-return 3 --seed 5", &[run()]);
        let text = stdout(&output);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.starts_with("This movie is a ")), "{text}");
        assert!(lines[0] != lines[1] && lines[1] != lines[2]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("µs a token"));
        let again = stdout(&example("generate", "--num-return 3 --seed 5", &[run()]));
        assert_eq!(text, again);
        let greedy = |seed: &str| stdout(&example("generate", "--greedy --seed", &[seed, run()]));
        assert_eq!(greedy("1"), greedy("2"));
    }

    #[test]
    fn of_llamas_blocks_is_gone_on_with_and_generates() {
        let out = scratch().join("llama");
        let sizes = "--hidden-size 32 --layers 2 --heads 4 --kv-heads 2 --ffn-size 48";
        let args = format!("--quick --preset llama {sizes} --steps 6 --out");
        stdout(&example("train", &args, &[out.to_str().unwrap()]));
        stdout(&example("train", "--steps 8 --resume", &[out.to_str().unwrap()]));
        let config = fs::read_to_string(out.join(layout::CONFIG)).unwrap();
        assert!(
            config.contains("LlamaForCausalLM") && config.contains("\"num_key_value_heads\": 2")
        );
        let text = |more: &str| stdout(&example("generate", more, &[out.to_str().unwrap()]));
        assert_eq!(text("--greedy"), text("--greedy --num-return 1 --batch-size 9"));
        is_exported(&out);
        let refused = refusal(&example("train", "--quick --preset llama --heads 3", &[]));
        assert!(refused.contains("hidden_size is 512"), "{refused}");
        let refused = refusal(&example("train", "--quick --kv-heads 2", &[]));
        assert!(refused.contains("num_key_value_heads is 2"), "{refused}");
    }

    #[test]
    fn trains_on_from_what_another_has_learnt() {
        let out = scratch().join("on");
        let paths = ["--out", out.to_str().unwrap(), "--init-from", run()];
        stdout(&example("train", "--quick --preset causal --steps 3", &paths));
        let first = |folder: &Path| rows::<Metric>(folder)[0].loss;
        assert!(first(&out) < first(&RUN.0) - 0.5, "{} {}", first(&out), first(&RUN.0));
        let info = RunFolder::open(&out).unwrap().info().unwrap();
        assert_eq!(info.other["init_from"], run());
        stdout(&example("train", "--steps 5 --resume", &[out.to_str().unwrap()]));
        assert_eq!(rows::<Metric>(&out).len(), 5);

        let refused = refusal(&example("train", "--layers 2 --init-from", &[run()]));
        assert!(refused.contains("--layers") && refused.contains("--init-from"), "{refused}");
        let path = scratch().join("long.txt");
        fs::write(&path, format!("{}\n", "The world is tired. ".repeat(40)).repeat(40)).unwrap();
        let long = ["--data", path.to_str().unwrap(), "--init-from", run()];
        let long = refusal(&example("train", "--quick --max-len 400", &long));
        assert!(long.contains("--max-len is 400") && long.contains("64 tokens"), "{long}");
        let nowhere = refusal(&example("train", "--quick --init-from nowhere", &[]));
        assert!(nowhere.contains("--init-from") && nowhere.contains("nowhere"), "{nowhere}");
    }

    /// A tokenizer of someone else's goes with the run.
    fn is_trained_on(exported: &Path) {
        let out = scratch().join("on-from-exported");
        let paths = ["--out", out.to_str().unwrap(), "--init-from", exported.to_str().unwrap()];
        stdout(&example("train", "--quick --preset llama --steps 3 --lr 1e-9", &paths));
        stdout(&example("train", "--steps 5 --resume", &[out.to_str().unwrap()]));
        let text = |path: &Path| {
            let args = ["--prompt", "The wizard of the world", path.to_str().unwrap()];
            stdout(&example("generate", "--greedy", &args))
        };
        assert_eq!(text(&out), text(exported));
        assert!(stdout(&example("evaluate", "", &[out.to_str().unwrap()])).contains("nats"));
    }

    /// And says the same from there.
    fn is_exported(run: &Path) {
        let exported = scratch().join("exported");
        let paths = [run.to_str().unwrap(), exported.to_str().unwrap()];
        stdout(&example("export_hf", "", &paths));
        let card = fs::read_to_string(exported.join("README.md")).unwrap();
        assert!(card.contains("`--preset llama`") && card.contains("After 8 steps"), "{card}");
        let text = |name: &str, path: &str| {
            stdout(&example(name, "--greedy --prompt", &["The wizard of the world", path]))
        };
        let ours = text("generate", paths[0]);
        assert_eq!((&text("generate", paths[1]), &text("import_hf", paths[1])), (&ours, &ours));
        assert!(refusal(&example("export_hf", "", &paths)).contains("not empty"));
        stdout(&example("export_hf", "--overwrite", &paths));
        let other = scratch().join("notebooks");
        let refused = refusal(&example("export_hf", "", &[self::run(), other.to_str().unwrap()]));
        assert!(refused.contains("--preset llama"), "{refused}");
        assert!(!other.exists());
        is_trained_on(&exported);
        fs::remove_file(exported.join("tokenizer.json")).unwrap();
        let refused = refusal(&example("import_hf", "", &[paths[1]]));
        assert!(refused.contains("tokenizer.json"), "{refused}");
    }

    #[test]
    fn generates_many_texts_at_once_as_one_by_one() {
        let path = scratch().join("prompts.txt");
        fs::write(&path, "This movie is a\nthe world\n\nA wizard of the\n").unwrap();
        let prompts = ["--prompts", path.to_str().unwrap(), run()];
        let one_by_one = stdout(&example("generate", "--num-return 2", &prompts));
        assert_eq!(one_by_one.lines().count(), 8);
        for size in ["3", "64"] {
            let args = format!("--num-return 2 --batch-size {size}");
            let output = example("generate", &args, &prompts);
            assert_eq!(stdout(&output), one_by_one);
            let notices = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(notices.contains("Line 3: The prompt is empty"), "{notices}");
        }
        let half = stdout(&example("generate", "--dtype bfloat16 --batch-size 8", &prompts));
        assert_eq!(half.lines().count(), 4);
    }

    #[test]
    fn notices_an_empty_prompt_and_one_beyond_its_window() {
        let empty = example("generate", "--max-new-tokens 4", &[run(), "--prompt", ""]);
        assert!(!stdout(&empty).starts_with(' '));
        assert!(String::from_utf8_lossy(&empty.stderr).contains("prompt is empty"));
        let prompt = "the world is ".repeat(20);
        let long = example("generate", "--max-new-tokens 4", &[run(), "--prompt", &prompt]);
        assert!(stdout(&long).starts_with("the world is the world"));
        let notice = String::from_utf8_lossy(&long.stderr).into_owned();
        assert!(notice.contains("window of 31 tokens: its first 30 are not read"), "{notice}");
    }

    #[test]
    fn is_evaluated_on_its_own_and_on_other_data() {
        let own = stdout(&example("evaluate", "", &[run()]));
        let recorded = rows::<Eval>(&RUN.0).pop().unwrap().val_loss;
        assert!(own.contains(&format!("{recorded:.4} nats")), "{own} {recorded}");
        assert!(own.contains("Documents   500") && own.contains("Floor"), "{own}");
        let path = scratch().join("texts.txt");
        fs::write(&path, "The world is tired of a wizard.\n".repeat(30)).unwrap();
        let other = stdout(&example("evaluate", "--all --data", &[path.to_str().unwrap(), run()]));
        assert!(other.contains("Documents   30") && !other.contains("Floor"), "{other}");
    }

    #[test]
    fn of_a_run_that_did_not_end_is_its_newest_checkpoint() {
        let folder = copy_of_run();
        fs::remove_file(folder.join(layout::MODEL)).unwrap();
        let copy = RunFolder::open(&folder).unwrap();
        for step in [20, 40] {
            let weights =
                fs::read(RUN.0.join(format!("checkpoints/step-{step:08}/model.safetensors")));
            copy.save(&copy.snapshot(step, weights.unwrap(), Vec::new()).unwrap()).unwrap();
        }
        let text = |folder: &Path| stdout(&example("generate", "", &[folder.to_str().unwrap()]));
        assert_eq!(text(&folder), text(&RUN.0));
        let output = example("generate", "", &[folder.to_str().unwrap()]);
        let notice = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(notice.contains("did not end: these are its weights at step 40"), "{notice}");
    }

    #[test]
    fn refuses_bad_sampling_parameters() {
        let refuse = |args: &str| refusal(&example("generate", args, &[run()]));
        assert!(refuse("--top-k 0").contains("top-k is 0"));
        assert!(refuse("--top-p 0").contains("top-p is 0"));
        assert!(refuse("--top-p 1.5").contains("top-p is 1.5"));
        assert!(refuse("--temperature -1").contains("temperature is -1"));
        assert!(refuse("--temperature NaN").contains("temperature is NaN"));
        assert!(refuse("--num-return 0").contains("--num-return is 0"));
        assert!(refuse("--device tpu").contains("device 'tpu'"));
    }

    #[test]
    fn whose_files_do_not_fit_is_refused() {
        let damaged = |name: &str, from: &str, to: &str| {
            let folder = copy_of_run();
            let text = fs::read_to_string(folder.join(name)).unwrap();
            assert!(text.contains(from));
            fs::write(folder.join(name), text.replacen(from, to, 1)).unwrap();
            refusal(&example("generate", "", &[folder.to_str().unwrap()]))
        };
        let misshapen = damaged(layout::CONFIG, "\"hidden_size\": 32", "\"hidden_size\": 64");
        assert!(
            misshapen.contains("model.safetensors") && misshapen.contains("misshapen"),
            "{misshapen}"
        );
        let missing =
            damaged(layout::CONFIG, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
        assert!(missing.contains("missing: decoder.layers.2."), "{missing}");
        assert!(
            damaged(layout::RUN, "\"preset\": \"causal\"", "\"preset\": \"casual\"")
                .contains("no preset 'casual'")
        );
        assert!(damaged(layout::RUN, "{", "").contains("run.json"));

        let folder = copy_of_run();
        let words = ["one two three four"];
        let other = enredo::tokenization::Tokenizer::train(words, &Default::default()).unwrap();
        other.save(folder.join(layout::TOKENIZER)).unwrap();
        let refused = refusal(&example("generate", "", &[folder.to_str().unwrap()]));
        assert!(refused.contains("the tokenizer has 8 tokens and the model 1412"), "{refused}");

        let one = scratch().join("one.txt");
        fs::write(&one, "The world is tired of a wizard.").unwrap();
        let args = ["--data", one.to_str().unwrap(), run()];
        assert!(refusal(&example("evaluate", "", &args)).contains("ask for --all"));

        let nothing = refusal(&example("generate", "", &["no/such/run"]));
        assert!(nothing.contains("no/such/run"), "{nothing}");
    }
}

mod the_explorer {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::TcpStream,
        process::{Child, Stdio},
    };

    use super::*;

    /// A page that is served as long as the test runs.
    struct Page {
        process: Child,
        host: String,
    }

    impl Page {
        fn open(run: &Path) -> Self {
            Self::start(program("explore").arg(run))
        }

        /// Reads what it prints, up to its address.
        fn start(explore: &mut Command) -> Self {
            let mut process = explore.arg("--no-open").stdout(Stdio::piped()).spawn().unwrap();
            let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
            let address = |line: String| Some(line.split("http://").nth(1)?.to_owned());
            let url = lines.filter_map(address).next().unwrap();
            let host = url.split('/').next().unwrap().to_owned();
            Self { process, host }
        }

        /// The JSON at `/api/v1/` + `endpoint`.
        fn ask(&self, method: &str, endpoint: &str, body: &str) -> Value {
            serde_json::from_str(&self.body(method, endpoint, body)).unwrap()
        }

        /// The training, once it is so.
        fn wait(&self, is_so: impl Fn(&Value) -> bool) -> Value {
            for _ in 0..6000 {
                let training = self.ask("GET", "training", "");
                if is_so(&training) {
                    return training;
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            panic!("it did not come about in two minutes");
        }

        /// The whole answer, which may be in chunks.
        fn body(&self, method: &str, endpoint: &str, body: &str) -> String {
            let mut stream = TcpStream::connect(&self.host).unwrap();
            let (host, length) = (&self.host, body.len());
            let request = format!(
                "{method} /api/v1/{endpoint} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 200 "), "{endpoint}: {answer}");
            if head.contains("transfer-encoding: chunked") { joined(body) } else { body.to_owned() }
        }
    }

    impl Drop for Page {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// A body without the sizes between its chunks.
    fn joined(mut chunks: &str) -> String {
        let mut body = String::new();
        while let Some((size, rest)) = chunks.split_once("\r\n") {
            let (chunk, rest) = rest.split_at(usize::from_str_radix(size, 16).unwrap());
            body += chunk;
            chunks = rest.trim_start_matches("\r\n");
        }
        body
    }

    #[test]
    fn shows_the_run() {
        let page = Page::open(&RUN.0);
        let meta = page.ask("GET", "meta", "");
        let last = rows::<Eval>(&RUN.0).pop().unwrap();
        let checkpoints =
            json!([{"step": 20, "val_loss": null}, {"step": 40, "val_loss": last.val_loss}]);
        assert_eq!(meta["checkpoints"], checkpoints);
        assert_eq!((&meta["run"], &meta["preset"]), (&"run".into(), &"causal".into()));
        assert_eq!((&meta["vocab_size"], &meta["window"]), (&1412.into(), &31.into()));
        assert_eq!(meta["never_drawn"], json!([0, 1, 2]));
        assert_eq!(meta["prompts"][0], "This movie is a");
        let vocab = page.ask("GET", "vocab", "");
        let token = |id: usize| (&vocab["tokens"][id]["text"], &vocab["tokens"][id]["special"]);
        assert_eq!(token(3), (&"[EOS]".into(), &true.into()));
        assert_eq!(token(1411).1, false);
        assert_eq!(vocab["tokens"].as_array().unwrap().len(), 1412);
    }

    /// What the run drew at a step is what the page says would be drawn there.
    #[test]
    fn draws_what_the_run_drew() {
        let page = Page::open(&RUN.0);
        let samples: Vec<Sample> = rows(&RUN.0);
        for Sample { step, prompt, strategy, seed, tokens, .. } in samples {
            let config = strategy.config;
            let body = json!({"prompt": prompt, "step": step, "config": config, "seed": seed});
            let answer = page.ask("POST", "apply", &body.to_string());
            assert_eq!(answer["picked"], tokens[0], "step {step}, {}: {prompt}", strategy.label);
        }
    }

    /// The new tokens of a generation.
    fn generated(page: &Page, body: &Value) -> Vec<u64> {
        let stream = page.body("POST", "generate", &body.to_string());
        let events: Vec<Value> = stream.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(events.last().unwrap()["event"], "end", "{stream}");
        events.iter().filter_map(|event| event["id"].as_u64()).collect()
    }

    #[test]
    fn generates_what_the_run_generated() {
        let page = Page::open(&RUN.0);
        for Sample { step, prompt, strategy, seed, tokens, .. } in rows::<Sample>(&RUN.0) {
            let (config, label) = (strategy.config, strategy.label);
            let body = json!({"prompt": prompt, "step": step, "config": config, "seed": seed});
            let tokens: Vec<u64> = tokens.into_iter().map(u64::from).collect();
            assert_eq!(generated(&page, &body), tokens, "step {step}, {label}: {prompt}");
        }
    }

    #[test]
    fn looks_inside() {
        for (preset, sees, maps) in [("causal", false, 1), ("faithful", true, 2)] {
            let (run, _) = small_run(preset, 1);
            let page = Page::open(&run);
            let body = json!({"prompt": "This movie is a", "layer": 1}).to_string();
            let attention = page.ask("POST", "attention", &body);
            assert_eq!(attention["maps"].as_array().unwrap().len(), maps);
            let body = json!({"prompt": "This movie is a", "config": {}, "top_n": 1}).to_string();
            let best = page.ask("POST", "apply", &body)["picked"].clone();
            let body = json!({"prompt": "This movie is a", "top_n": 1}).to_string();
            let lens = page.ask("POST", "lens", &body);
            let last = lens["layers"].as_array().unwrap().last().unwrap();
            assert_eq!(last.as_array().unwrap().last().unwrap()["top"][0]["id"], best);
            let probe = page.ask("POST", "probe", r#"{"prompt": "This movie is a"}"#);
            assert_eq!(probe["sees_the_future"], sees, "{preset}");
        }
    }

    #[test]
    fn shows_the_texts_and_how_they_are_read() {
        let page = Page::open(&RUN.0);
        let found = page.ask("GET", "documents?split=held_out&limit=1", "");
        assert_eq!((&found["is_the_runs_own"], &found["total"]), (&true.into(), &500.into()));
        let text = found["documents"][0]["text"].as_str().unwrap();
        let word = text.split(' ').next().unwrap();
        let body = json!({"prompt": format!("{word} zyzzyva")}).to_string();
        let read = page.ask("POST", "tokenize", &body);
        let end = word.chars().count();
        assert_eq!(read["pieces"][1]["end"], end);
        assert_eq!(read["pieces"][2], json!({"id": 1, "start": end + 1, "end": end + 8}));
    }

    #[test]
    fn follows_a_run_that_goes_on() {
        let run = copy_of_run();
        fs::rename(run.join(layout::MODEL), run.join("weights")).unwrap();
        let weights = fs::read(run.join("weights")).unwrap();
        let folder = RunFolder::open(&run).unwrap();
        folder.save(&folder.snapshot(20, weights.clone(), Vec::new()).unwrap()).unwrap();
        let page = Page::open(&run);
        let before = page.ask("GET", "training", "");
        assert_eq!((&before["state"], &before["rows"]), (&"running".into(), &40.into()));
        assert_eq!(before["checkpoints"], json!([{"step": 20, "val_loss": null}]));
        folder.writer().unwrap().append(&Metric { step: 41, ..Metric::default() }).unwrap();
        folder.save(&folder.snapshot(41, weights.clone(), Vec::new()).unwrap()).unwrap();
        let after = page.wait(|training| training["rows"] == 41);
        assert_eq!(after["checkpoints"][1]["step"], 41);
    }

    #[test]
    fn trains_where_there_is_no_run() {
        let page = Page::start(program("explore").current_dir(scratch()));
        let training = page.wait(|training| training["evals"].as_array().unwrap().len() >= 2);
        assert_eq!((&training["state"], &training["steps"]), (&"running".into(), &300.into()));
        assert_eq!(training["evals"][0]["step"], 25);
        let floor = training["floor"]["nats"].as_f64().unwrap();
        assert!((1.5..2.5).contains(&floor), "{floor}");
        let body = json!({"prompt": "This movie is a", "step": 0, "config": {"max_new_tokens": 3}});
        assert_eq!(generated(&page, &body).len(), 3);
    }

    #[test]
    fn goes_on_with_a_run_live() {
        let run = scratch().join("run");
        let out = run.to_str().unwrap();
        stdout(&example("train", &SMALL.replace("--steps 40", "--steps 20"), &["--out", out]));
        stdout(&example("train", "--steps 40", &["--resume", out]));
        let whole = fs::read(run.join(layout::MODEL)).unwrap();
        fs::remove_dir_all(RunFolder::open(&run).unwrap().checkpoint(40)).unwrap();
        let page = Page::start(program("explore").args(["--resume", out]));
        page.wait(|training| training["rows"] == 40 && training["state"] != "running");
        assert_eq!(fs::read(run.join(layout::MODEL)).unwrap(), whole);
    }

    #[test]
    fn says_what_is_wrong_with_a_folder() {
        let refused = program("explore").arg(scratch()).output().unwrap();
        assert!(refusal(&refused).contains("is no run"));
    }
}

mod bad_data {
    use super::*;

    /// Tries to train on `name` with these bytes.
    fn refused(name: &str, bytes: &[u8], args: &str) -> String {
        let path = scratch().join(name);
        fs::write(&path, bytes).unwrap();
        train_on(path.to_str().unwrap(), args)
    }

    fn train_on(path: &str, args: &str) -> String {
        let out = scratch().join("run");
        let more = ["--data", path, "--out", out.to_str().unwrap()];
        let text = refusal(&example("notebook", &format!("{SMALL} {args}"), &more));
        assert!(text.contains(path), "{path} is not named: {text}");
        assert!(!out.exists(), "a refused run leaves no folder");
        text
    }

    fn assert_says(text: &str, parts: &[&str]) {
        parts.iter().for_each(|part| assert!(text.contains(part), "'{part}' is not in: {text}"));
    }

    #[test]
    fn is_named() {
        assert_says(&train_on("no/such/file.parquet", ""), &["no such file or folder"]);
        assert_says(&train_on(scratch().to_str().unwrap(), ""), &["no data", ".parquet"]);
        assert_says(&refused("cut.parquet", b"PAR1 and then nothing", ""), &["Parquet"]);
        let column = refused("films.csv", b"title,plot\nRope,Two men give a party.\n", "");
        assert_says(&column, &["description", "title", "plot"]);
        let utf8 = b"description\nA caf\xe9 in a small town by the sea.\n";
        assert_says(&refused("films.csv", utf8, ""), &["UTF-8", "line"]);
        assert_says(
            &refused("films.xyz", b"what is this", ""),
            &[".parquet", ".csv", ".jsonl", ".txt"],
        );
    }

    #[test]
    fn too_little_of_it_is_refused() {
        let lines = |n: usize| "A young man leaves the city.\n".repeat(n).into_bytes();
        let few = refused("few.txt", &lines(20), "");
        assert_says(&few, &["18 training documents for batches of 32"]);
        let none_held_out = refused("eight.txt", &lines(8), "--batch-size 4");
        assert_says(&none_held_out, &["8 documents, and none to hold out; it takes at least 10"]);
        assert_says(&refused("short.txt", b"Too short.\nAlso.\n", ""), &["0 kept"]);
    }

    #[test]
    fn and_bad_settings_are_refused_before_it_is_read() {
        let refuse = |args: &str| refusal(&example("notebook", args, &[]));
        assert!(refuse("--hidden-size 130").contains("multiple of num_attention_heads"));
        assert!(refuse("--dropout 1.5").contains("hidden_dropout_prob is 1.5"));
        assert!(refuse("--vocab-size 3").contains("--vocab-size is 3"));
        assert!(refuse("--max-len 1").contains("--max-len is 1"));
        assert!(refuse("--steps 0").contains("--steps is 0"));
        assert!(refuse("--lr -1").contains("--lr"));
        assert!(refuse("--batch-size 0").contains("--batch-size is 0"));
        assert!(refuse("--preset gpt").contains("no preset 'gpt'"));
        assert!(refuse("--dtype float16").contains("use float32 or bfloat16"));
        assert!(refuse("--optimizer muon --muon-lr 0").contains("muon.lr is 0"));
        assert!(refuse("--ui xml").contains("possible values: auto, plain, json"));
        assert!(refuse("--device cuda:77").contains("device 'cuda:77'"));
        assert!(refuse("--data a.csv --dataset b").contains("cannot be used with"));
    }
}
