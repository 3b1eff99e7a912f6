-- finds: vectors in which values are moved about as much as they are computed with: the parts of an element stand side by side in memory
-- refuted-by: with each part in an array of its own the loop takes as long as before
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 5.5 (structure of arrays); Agner Fog, Optimizing software in C++, 12.9
WITH moved AS (
    SELECT h.run_id, h.id, count(*) FILTER (kind = 'shuffle') AS shuffles
    FROM h JOIN instructions i ON i.run_id = h.run_id AND i.machine_loop = h.machine_loop
    LEFT JOIN mca_instructions m ON m.run_id = i.run_id AND m.machine_loop = i.machine_loop AND m.address = i.address
    WHERE m.address IS NOT NULL OR NOT EXISTS (FROM mca_instructions o WHERE o.run_id = i.run_id AND o.machine_loop = i.machine_loop)
    GROUP BY ALL
)
SELECT h.run_id, id, 0.74 AS strength, now / reach AS part,
       shuffles || ' of the ' || instructions || ' instructions of a pass only move values about within vectors' AS says,
       'keep each part of the elements in an array of its own (a structure of arrays), so that whole vectors are loaded' AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''shuffle'' AND machine_loop = ' || h.machine_loop, 'says': shuffles || ' shuffles'}] AS evidence
FROM h JOIN moved USING (run_id, id)
WHERE loop IS NOT NULL AND NOT calls AND shuffles >= 6 AND shuffles > 0.2 * instructions AND (walked IS NULL OR walked > 1.5 * element_bytes)
