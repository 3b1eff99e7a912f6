-- finds: a run too short to be sampled: nothing can be said of its places
-- refuted-by: a longer run, whose samples fall on the same places
-- source: a share of n samples is known to about 1/sqrt(n)
SELECT run_id, id, 1.0 AS strength, NULL::DOUBLE AS part,
       'the run took ' || round(1000 * seconds / share)::INTEGER || ' ms, ' || sampled || ' sample' || CASE WHEN sampled > 1 THEN 's' ELSE '' END || ' in all: too short to say where its time goes' AS says,
       'give it more to do (--run-args), or repeat its work' AS helps, NULL AS flags,
       [{'rows': 'SELECT sum(count) AS samples FROM samples', 'says': sampled || ' samples'}] AS evidence
FROM h WHERE id = 1 AND sampled < 50
