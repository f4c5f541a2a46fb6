//! The seccomp filter that stops only the calls of interest.
//!
//! A classic BPF program: it compares the architecture, then the number of the call with those in
//! the table. Linux remembers the calls that it always allows (since 5.11), so that these run at
//! full speed.

use super::syscalls::Abi;

/// One instruction of classic BPF, as `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    value: u32,
}

const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;

const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

const ALLOW: u32 = 0x7fff_0000;
const TRACE: u32 = 0x7ff0_0000;

const fn instruction(code: u16, value: u32, if_true: u8, if_false: u8) -> Instruction {
    Instruction { code, if_true, if_false, value }
}

/// The filter for processes of these ABIs. Calls of an unknown ABI stop, so that they are noticed.
pub fn program(abis: &[Abi]) -> Vec<Instruction> {
    let mut program = vec![instruction(LOAD, ARCHITECTURE, 0, 0)];
    for abi in abis {
        let body = calls(abi);
        let skip = u8::try_from(body.len()).expect("a table has fewer than 200 calls");
        program.push(instruction(JUMP_IF_EQUAL, abi.architecture, 0, skip));
        program.extend(body);
    }
    program.push(instruction(RETURN, TRACE, 0, 0));
    program
}

/// The part for one ABI. It always returns.
fn calls(abi: &Abi) -> Vec<Instruction> {
    let mut numbers: Vec<u32> = abi.calls().chain(abi.marked).map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut body = vec![instruction(LOAD, NUMBER, 0, 0)];
    if abi.marker != 0 {
        body.push(instruction(AND, !abi.marker, 0, 0));
    }
    search(&numbers, &mut body);
    body
}

/// A binary search; its leaves compare up to four numbers.
fn search(numbers: &[u32], body: &mut Vec<Instruction>) {
    if numbers.len() <= 4 {
        for (index, number) in numbers.iter().enumerate() {
            let to_trace = u8::try_from(numbers.len() - index).expect("there are four at most");
            body.push(instruction(JUMP_IF_EQUAL, *number, to_trace, 0));
        }
        body.push(instruction(RETURN, ALLOW, 0, 0));
        body.push(instruction(RETURN, TRACE, 0, 0));
        return;
    }
    let (low, high) = numbers.split_at(numbers.len() / 2);
    let mut lower = Vec::new();
    search(low, &mut lower);
    let skip = u8::try_from(lower.len()).expect("a table has fewer than 200 calls");
    body.push(instruction(JUMP_IF_AT_LEAST, high[0], skip, 0));
    body.append(&mut lower);
    search(high, body);
}

#[cfg(test)]
mod tests {
    use super::{
        ALLOW, AND, ARCHITECTURE, Instruction, JUMP_IF_AT_LEAST, JUMP_IF_EQUAL, LOAD, RETURN, TRACE, program,
    };
    use crate::tracer::syscalls::{Calls, abis};

    fn run(program: &[Instruction], architecture: u32, number: u32) -> u32 {
        let mut accumulator = 0;
        let mut at = 0;
        loop {
            let Instruction { code, if_true, if_false, value } = program[at];
            at += 1;
            match code {
                LOAD => accumulator = if value == ARCHITECTURE { architecture } else { number },
                AND => accumulator &= value,
                JUMP_IF_EQUAL => at += usize::from(if accumulator == value { if_true } else { if_false }),
                JUMP_IF_AT_LEAST => at += usize::from(if accumulator >= value { if_true } else { if_false }),
                RETURN => return value,
                _ => panic!("unknown instruction"),
            }
        }
    }

    #[test]
    fn exactly_the_calls_of_the_tables_stop() {
        let filter = program(abis());
        let calls = Calls::new();
        for abi in abis() {
            for number in 0..700 {
                let is_known =
                    calls.find(abi.architecture, u64::from(number)).expect("it is known").is_some();
                // The numbers that only x32 uses stop elsewhere, too; no call has them.
                let is_marked = abi.marked.iter().any(|(marked, _)| *marked == number);
                let result = run(&filter, abi.architecture, number);
                assert_eq!(result == TRACE, is_known || is_marked, "{:x} {number}", abi.architecture);
                assert!(result == TRACE || result == ALLOW);
                if abi.marker != 0 {
                    let is_known =
                        calls.find(abi.architecture, u64::from(number | abi.marker)).expect("it is known");
                    assert!(
                        is_known.is_none() || run(&filter, abi.architecture, number | abi.marker) == TRACE
                    );
                }
            }
        }
        assert_eq!(run(&filter, 0x1234, 1), TRACE, "an unknown architecture is noticed");
    }
}
