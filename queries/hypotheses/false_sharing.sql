-- says: threads write to neighbouring addresses: the same code waits for a cache line that moves between cores
-- refuted-by: with one thread the times differ as much, or perf c2c shows no line that both write
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.4; perf-c2c(1)
SELECT d.loop, CASE WHEN d.verdict IN ('faster', 'slower') THEN 0.75 ELSE 0.3 END AS strength,
       list_filter([min(e.fact), 'instructions: ' || t.calls || ' calls that start threads, the same code in a and b',
                    timed(d.time_ratio)], lambda x: x IS NOT NULL) AS evidence
FROM d JOIN edits e ON e.loop = d.loop AND NOT e.in_loop
 AND regexp_matches(e.text, '(?i)pad|alignas|_Alignas|aligned|struct|\[')
CROSS JOIN (SELECT count(*) AS calls FROM instructions
            WHERE kind = 'call'
              AND regexp_matches(operands, 'pthread_create|GOMP_parallel|kmpc_fork|_ZNSt6thread')) t
WHERE t.calls > 0 AND NOT d.code_changed AND d.memory_accesses_b > 0
  AND d.iterations_a = d.iterations_b
GROUP BY d.loop, d.verdict, d.time_ratio, t.calls
