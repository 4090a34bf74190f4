use enredo_decoding as _;

fn main() {
    println!("ok");
}
