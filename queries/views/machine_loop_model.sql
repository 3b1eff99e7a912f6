-- purpose: each loop of the machine code, with its source loop, samples and what llvm-mca expects of a pass
-- grain: machine loop
-- columns: run_id, machine_loop, symbol, loop, innermost, samples, instructions, vector_bits, cpu, cycles_per_iteration, block_rthroughput, ipc, uops, bound, bound_pressure, calls
-- From cpu on NULL where the loop was not modelled; loop_mca has the hottest one of a source loop.
SELECT l.run_id, l.machine_loop, l.symbol, l.loop, l.innermost, l.samples, l.instructions,
       l.vector_bits, m.cpu, m.cycles_per_iteration, m.block_rthroughput, m.ipc, m.uops, m.bound,
       m.bound_pressure, m.calls
FROM machine_loops l LEFT JOIN mca m USING (run_id, machine_loop)
