-- purpose: the machine model of a source loop's hottest machine loop
-- grain: source loop with a modelled machine loop
-- columns: run_id, loop, machine_loop, samples, cycles_per_iteration, block_rthroughput, ipc, bound, vector_bits, calls, machine_loops
SELECT l.run_id, l.loop,
       arg_max(l.machine_loop, (coalesce(l.samples, 0), l.instructions)) AS machine_loop,
       sum(l.samples)::BIGINT AS samples,
       arg_max(m.cycles_per_iteration, (coalesce(l.samples, 0), l.instructions)) AS cycles_per_iteration,
       arg_max(m.block_rthroughput, (coalesce(l.samples, 0), l.instructions)) AS block_rthroughput,
       arg_max(m.ipc, (coalesce(l.samples, 0), l.instructions)) AS ipc,
       arg_max(m.bound, (coalesce(l.samples, 0), l.instructions)) AS bound,
       arg_max(coalesce(l.vector_bits, 0), (coalesce(l.samples, 0), l.instructions)) AS vector_bits,
       arg_max(m.calls, (coalesce(l.samples, 0), l.instructions)) AS calls,
       count(*) AS machine_loops
FROM machine_loops l JOIN mca m USING (run_id, machine_loop)
WHERE l.loop IS NOT NULL
GROUP BY l.run_id, l.loop
