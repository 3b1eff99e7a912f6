-- says: in {side} the data lie in pages that come from the kernel anew, {faults_b} faults in b and {faults_a} in a: what is fresh is in no cache
-- refuted-by: with memory that is kept the time stays
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- contradicted-by: it reaches no memory | memory_accesses_b = 0
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 4 (virtual memory) and 7.5; mallopt(3)
-- confirm: {side}: @keep-memory
WITH faults AS (
    SELECT max(value) FILTER (side = 'a') AS a, max(value) FILTER (side = 'b') AS b
    FROM sides JOIN counters USING (run_id) WHERE event = 'page-faults'
)
SELECT d.loop, 0.7 AS strength, CASE WHEN f.b > f.a THEN 'b' ELSE 'a' END AS side,
       round(f.a)::BIGINT AS faults_a, round(f.b)::BIGINT AS faults_b,
       list_filter(['counters: page-faults ' || round(f.a)::BIGINT || ' in a, ' || round(f.b)::BIGINT || ' in b', timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d, faults f
WHERE NOT d.code_changed AND d.verdict IN ('faster', 'slower') AND d.memory_accesses_b > 0
  AND greatest(f.a, f.b) > 1.3 * least(f.a, f.b) AND abs(f.a - f.b) > 2000
