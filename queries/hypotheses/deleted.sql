-- says: nothing of the loop is left in {side}: its result is known or unused
-- refuted-by: the time of the loop appears elsewhere in {side}
-- expects: CASE side WHEN 'b' THEN 'faster' ELSE 'slower' END
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), loop-deletion
SELECT d.loop, CASE WHEN any_value(r.fact) IS NOT NULL THEN 0.94 ELSE 0.75 END AS strength,
       coalesce(any_value(r.side), CASE WHEN d.instructions_b IS NULL THEN 'b' ELSE 'a' END) AS side,
       list_filter([min(r.fact), counted('instructions of the loop', d.instructions_a, d.instructions_b)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN remark_facts r
  ON r.loop = d.loop AND r.change IN ('appeared', 'disappeared') AND r.pass = 'loop-delete' AND r.tag = 'Passed'
WHERE (d.instructions_a IS NULL) <> (d.instructions_b IS NULL)
  AND d.iterations_a > 0 AND d.iterations_b > 0
  AND d.loop NOT IN (SELECT loop FROM remark_facts WHERE pass = 'loop-idiom')
GROUP BY d.loop, d.instructions_a, d.instructions_b
