//! Runs.
use wayfare_sim::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    std::panic::set_hook(Box::new(|_| {}));
    let keep = args.get(4).is_some();
    let s = named(&args[3]).unwrap();
    let t = std::time::Instant::now();
    let mut sim = 0.0;
    for seed in args[1].parse::<u64>().unwrap()..args[2].parse().unwrap() {
        let plan = (s.plan)(&mut Chance::new(seed, "plan"));
        if keep { println!("{plan:#?}"); }
        let mut w = World::new(seed, plan, Watch { keep: if keep {Keep::Lines} else {Keep::Hash}, ..Watch::default() });
        let r = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| w.run()));
        sim += w.tally().simulated.as_secs_f64();
        for l in w.trace().lines() { println!("{l}"); }
        match r { Ok(Ok(t)) => if keep { println!("{seed} ok {t:?}") }, Ok(Err(v)) => println!("{seed} {v}"), Err(p) => println!("{seed} PANIC {:?}", p.downcast_ref::<String>().map(String::as_str).or(p.downcast_ref::<&str>().copied())) }
    }
    println!("{sim} s simulated, {:?}", t.elapsed());
}
