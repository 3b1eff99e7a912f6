-- purpose: where the time goes, and what every layer says of that loop; hottest first
-- grain: loop that was sampled or ran; outside loops a function, a library's symbol, or a kind of work of the kernel
-- columns: run_id, loop, place, function, depth, share, samples, entries, iterations, trip_count, ns_per_iteration, vector, simd_bits, unroll, iterations_a_pass, mca_cycles, model_cycles, bound, passes, missed, regions, callers
-- share is the loop's own, inner loops left out; ns_per_iteration is that share of the median CPU
-- time, over the iterations; of the wall time with several threads, or where that is all there is. vector is what the remarks say (width x interleave), simd_bits what
-- the hottest machine loop's packed arithmetic uses. mca_cycles is for one pass through that
-- machine loop, which may be several source iterations; model_cycles for one iteration of the source,
-- NULL where it is not known how many a pass makes. callers are, outside loops, the two that call
-- most often, by the call chains, with their part of the row.
WITH changed AS (
    SELECT run_id, loop, count(DISTINCT pass) AS passes FROM pass_effects GROUP BY run_id, loop
), reasons AS (
    SELECT run_id, loop, words, weight,
           -- "loop not vectorized" says nothing where another remark gives the reason
           bool_or(weight = 1) OVER (PARTITION BY run_id, loop) AS reasoned
    FROM missed WHERE weight < 9 GROUP BY run_id, loop, words, weight
), worst AS (
    SELECT run_id, loop, list(words ORDER BY weight, words)[1:2] AS missed
    FROM reasons WHERE NOT (weight = 2 AND reasoned) GROUP BY run_id, loop
), marked AS (
    SELECT run_id, loop, list(DISTINCT region ORDER BY region) AS regions
    FROM region_loops GROUP BY run_id, loop
), called AS (
    SELECT run_id, function, object, list(says || printf(', %.0f %%', 100 * part) ORDER BY rank) AS callers
    FROM caller_words WHERE loop IS NULL AND rank <= 2 AND part >= 0.1 GROUP BY ALL
), in_loops AS (
    SELECT l.run_id, l.key AS loop, l.file || ':' || l.line AS place, l.function_name AS function,
           l.depth, s.share, s.samples, t.entries, t.iterations, t.mean_trip_count,
           -- all turns of the loop are one pass through what was around it
           coalesce(x.unrolled_fully * coalesce(x.vector_width, 1) * coalesce(x.interleave, 1) = t.mean_trip_count, false) AS in_one,
           CASE WHEN list_has_any(x.done, ['loop-delete:Invariant', 'loop-delete:NeverExecutes']) THEN NULL
                WHEN in_one THEN t.mean_trip_count
                WHEN n.machine_loop IS NULL THEN 1
                WHEN n.iterations IS NOT NULL THEN n.iterations
                -- what runs is scalar
                WHEN x.vector_width > t.mean_trip_count AND coalesce(x.unroll, 1) = 1 THEN 1 END AS iterations_a_pass,
           x.vector_width, x.interleave, x.unroll, m.vector_bits, m.samples AS machine_samples, m.cycles_per_iteration, m.bound,
           1e9 * s.share * least(r.wall, nullif(r.cpu_seconds, 0)) / nullif(t.iterations, 0) AS ns_per_iteration
    FROM loops l
    LEFT JOIN sample_shares s ON s.run_id = l.run_id AND s.loop = l.key
    LEFT JOIN trips t ON t.run_id = l.run_id AND t.loop_key = l.key
    LEFT JOIN runs r ON r.run_id = l.run_id
    LEFT JOIN transformed x ON x.run_id = l.run_id AND x.loop = l.key
    LEFT JOIN loop_mca m ON m.run_id = l.run_id AND m.loop = l.key
    LEFT JOIN iterations_a_pass n ON n.run_id = m.run_id AND n.machine_loop = m.machine_loop
    WHERE s.samples > 0 OR t.iterations > 0
)
SELECT i.run_id, i.loop, i.place, i.function, i.depth,
       i.share, i.samples, i.entries, i.iterations, i.mean_trip_count AS trip_count,
       i.ns_per_iteration,
       CASE WHEN i.vector_width > 1 OR i.interleave > 1
            THEN coalesce(i.vector_width, 1) || 'x' || coalesce(i.interleave, 1) END AS vector,
       nullif(i.vector_bits, 0) AS simd_bits,
       i.unroll, i.iterations_a_pass, i.cycles_per_iteration AS mca_cycles,
       i.cycles_per_iteration / i.iterations_a_pass AS model_cycles, i.bound, c.passes,
       -- vector_bits are those of arithmetic: a loop that only copies has none, whatever its width
       CASE WHEN i.vector_width > i.mean_trip_count AND i.vector_bits = 0 AND i.machine_samples > 0
            THEN list_prepend('vectorized for ' || i.vector_width || ' at a time, but it turns ' || round(i.mean_trip_count, 1) || ' times an entry: what runs is scalar', coalesce(w.missed, []))
            ELSE w.missed END AS missed, g.regions
FROM in_loops i
LEFT JOIN changed c ON c.run_id = i.run_id AND c.loop = i.loop
LEFT JOIN worst w ON w.run_id = i.run_id AND w.loop = i.loop
LEFT JOIN marked g ON g.run_id = i.run_id AND g.loop = i.loop
UNION ALL BY NAME
SELECT s.run_id, NULL AS loop,
       coalesce(s.file || ':' || s.line, parse_filename(s.object)) AS place,
       coalesce(f.name, s.function) AS function, s.share, s.samples, c.callers
FROM sample_shares s LEFT JOIN functions f ON f.run_id = s.run_id AND f.linkage = s.function
LEFT JOIN called c ON c.run_id = s.run_id AND c.function = s.function AND c.object = s.object
WHERE s.loop IS NULL
ORDER BY share DESC NULLS LAST, iterations DESC NULLS LAST, place, loop, function, run_id
