-- says: the kernel hands out more pages in {side}, {faults_b} faults in b and {faults_a} in a: memory is asked of it anew, or touched for the first time{called}
-- refuted-by: with memory that is kept (glibc.malloc.trim_threshold and mmap_threshold higher) the time stays
-- about: p
-- expects: CASE side WHEN 'b' THEN 'slower' ELSE 'faster' END
-- source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD; perf-stat(1), page-faults
-- confirm: {side}: @keep-memory
WITH faults AS (
    SELECT max(value) FILTER (side = 'a') AS a, max(value) FILTER (side = 'b') AS b
    FROM sides JOIN counters USING (run_id) WHERE event = 'page-faults'
)
SELECT p.loop, 0.9 AS strength, CASE WHEN f.b > f.a THEN 'b' ELSE 'a' END AS side,
       round(f.a)::BIGINT AS faults_a, round(f.b)::BIGINT AS faults_b,
       coalesce(', ' || CASE WHEN f.b > f.a THEN p.called_b ELSE p.called_a END, '') AS called,
       list_filter(['counters: page-faults ' || round(f.a)::BIGINT || ' in a, ' || round(f.b)::BIGINT || ' in b',
                    'callers: ' || CASE WHEN f.b > f.a THEN p.called_b ELSE p.called_a END,
                    timed(p.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM p, faults f
WHERE p.kind = 'kernel' AND p.name IN ('page faults', 'memory mapping', 'all system calls and faults')
  AND greatest(f.a, f.b) > 1.3 * least(f.a, f.b) AND abs(f.a - f.b) > 500
  AND p.cost * (f.b - f.a) > 0
