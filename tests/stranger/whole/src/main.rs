use enredo as _;

fn main() {
    println!("ok");
}
