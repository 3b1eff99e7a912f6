-- purpose: kernels by what bounds their hottest loop, as the machine model has it
-- grain: program, by its newest run with a sampled loop
-- columns: bound, program, run_id, loop, place, share, simd_bits, mca_cycles, ns_per_iteration, seconds, speedup, guarantee
-- bound: dependencies, or the busiest unit of the processor; the model knows no caches, so a loop
-- that waits for memory is not told apart. Of an optimised program, run and loop are those of the
-- best; speedup is the best's over the original, NULL where it was not optimised.
WITH hottest AS (
    SELECT run_id, loop, share,
           row_number() OVER (PARTITION BY run_id ORDER BY share DESC, loop) AS place
    FROM sample_shares WHERE loop IS NOT NULL
), newest AS (
    SELECT r.program, r.run_id, least(r.wall, nullif(r.cpu_seconds, 0)) AS taken,
           r.wall, r.kernel_seconds, h.loop, h.share
    FROM runs r JOIN hottest h ON h.run_id = r.run_id AND h.place = 1
    QUALIFY row_number() OVER (PARTITION BY r.program ORDER BY r.run_id DESC) = 1
), gained AS (
    SELECT program, max_by(speedup_original, run_id) AS speedup,
           max_by(guarantee, run_id) AS guarantee
    FROM iterations WHERE role = 'best' GROUP BY program
)
SELECT coalesce(m.bound, 'not modelled') AS bound, n.program, n.run_id, n.loop,
       l.file || ':' || l.line AS place, n.share, nullif(m.vector_bits, 0) AS simd_bits,
       m.cycles_per_iteration AS mca_cycles,
       1e9 * n.share * n.taken / nullif(t.iterations, 0) AS ns_per_iteration,
       coalesce(n.kernel_seconds, n.wall) AS seconds, g.speedup, g.guarantee
FROM newest n
LEFT JOIN loops l ON l.run_id = n.run_id AND l.key = n.loop
LEFT JOIN loop_mca m ON m.run_id = n.run_id AND m.loop = n.loop
LEFT JOIN trips t ON t.run_id = n.run_id AND t.loop_key = n.loop
LEFT JOIN gained g ON g.program = n.program
ORDER BY bound, seconds DESC NULLS LAST, n.program
