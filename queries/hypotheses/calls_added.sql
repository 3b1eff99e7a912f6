-- says: the loop calls in {calls} more, whose work is not its own
-- refuted-by: with the call hoisted out of the loop the time stays
-- expects: slower
-- contradicted-by: it calls in no more places | called_b <= called_a
-- source: Agner Fog, Optimizing software in C++, ch. 7 (loops: calls and conditions in them)
SELECT d.loop, 0.84 AS strength, CASE d.called_b - d.called_a WHEN 1 THEN 'a place' ELSE (d.called_b - d.called_a) || ' places' END AS calls,
       list_filter([counted('places that call', d.called_a, d.called_b), min(e.fact), timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN edits e ON e.loop = d.loop AND e.side = 'b' AND e.in_loop AND e.text LIKE '%(%'
-- unrolling copies the call, once more into what is left over, and calls no more often
WHERE d.called_b > d.called_a
GROUP BY d.loop, d.called_a, d.called_b, d.time_ratio
