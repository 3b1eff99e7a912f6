-- says: the loop calls {calls} more functions each time, and their work is not its own
-- refuted-by: with the call hoisted out of the loop the time stays
-- source: Agner Fog, Optimizing software in C++, ch. 7 (loops: calls and conditions in them)
SELECT d.loop, weighed(0.84, d.verdict, 'slower') AS strength, d.calls_b - d.calls_a AS calls,
       list_filter([counted('calls', d.calls_a, d.calls_b), min(e.fact), timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN edits e ON e.loop = d.loop AND e.side = 'b' AND e.in_loop AND e.text LIKE '%(%'
-- unrolling copies the call, once more into what is left over, and calls no more often
WHERE d.calls_b > d.calls_a * coalesce(d.unroll_b + 1, 1) / coalesce(d.unroll_a, 1)
  AND d.calls_b > d.calls_a
GROUP BY d.loop, d.verdict, d.calls_a, d.calls_b, d.time_ratio
