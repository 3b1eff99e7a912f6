-- finds: numbers of single precision are converted to double and back in the loop, often for a constant without an f
-- refuted-by: computed in one type, the loop takes as long as before
-- source: C11 6.3.1.8 (usual arithmetic conversions); Agner Fog, Optimizing software in C++, 14.8
WITH converted AS (
    SELECT run_id, machine_loop, count(*) FILTER (element = 'f64') AS wider, count(*) FILTER (element = 'f32') AS narrower
    FROM instructions WHERE kind = 'convert' GROUP BY ALL HAVING wider > 0 AND narrower > 0
)
SELECT h.run_id, id, CASE WHEN cycles < 3 * model_cycles THEN 0.88 ELSE 0.5 END AS strength, now / (0.5 * reach) AS part,
       'numbers are converted from float to double and back: ' || (c.wider + c.narrower) || ' of the ' || instructions || ' instructions of a pass' AS says,
       'compute in one type: constants as floats (0.5f), the float forms of functions (sqrtf)' AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''convert'' AND machine_loop = ' || h.machine_loop, 'says': c.wider || ' to double, ' || c.narrower || ' to float'}] AS evidence
FROM h JOIN converted c USING (run_id, machine_loop)
WHERE loop IS NOT NULL AND now IS NOT NULL AND c.wider + c.narrower >= 0.15 * instructions
