-- finds: a loop that is vectorised and runs as quickly as its instructions can: nothing to gain by another compilation
-- refuted-by: another build of the same work is quicker
-- source: Williams, Waterman, Patterson, "Roofline: An Insightful Visual Performance Model" (2009)
SELECT run_id, id, CASE WHEN cycles < 1.7 * reach THEN 0.7 ELSE 0.3 END AS strength, now / reach AS part,
       CASE WHEN vector_width > 1 THEN 'it is vectorised (' ELSE 'its operations are packed (' END || printf('%.0f', lanes) || ' at a time) and takes ' || printf('%.2f', cycles) || ' cycles an iteration, ' ||
       CASE WHEN cycles > reach THEN 'where an ideal core needs ' || printf('%.2f', reach) ELSE 'no more than its instructions need' END AS says,
       'little to gain here without doing less work' || CASE WHEN vector_bits < machine_bits AND coalesce(span, 0) <= l1 THEN ' or wider vectors' ELSE '' END AS helps, NULL AS flags,
       [{'rows': 'SELECT loop, vector, ns_per_iteration, mca_cycles FROM hotspots WHERE ' || here, 'says': 'measured'}] AS evidence
FROM h WHERE loop IS NOT NULL AND lanes > 1 AND cycles < 2.5 * reach
