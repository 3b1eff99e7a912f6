-- finds: the loop is vectorised, but its narrow elements are widened first: few of them fit a vector
-- refuted-by: summed up in a type as narrow as the elements, block by block, the loop takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), mixed types; Agner Fog, Optimizing software in C++, 12.5
SELECT run_id, id, 0.72 AS strength, now / (reach * greatest(walked, 1) / element_bytes) AS part,
       'elements of ' || greatest(1, round(walked))::INTEGER || ' byte' || CASE WHEN walked >= 1.5 THEN 's' ELSE '' END || ' are widened to ' || element_bytes || ': ' ||
       lanes::INTEGER || ' at a time, where a vector holds ' || (vector_bits / 8 / greatest(1, round(walked)))::INTEGER AS says,
       'work in a type as narrow as the elements: sum up in it for a block of them, and add that to the wide sum after the block' AS helps, NULL AS flags,
       [{'rows': 'SELECT address, mnemonic, load_bytes, element FROM instructions WHERE machine_loop = ' || machine_loop, 'says': 'what is loaded, and what is computed with'}] AS evidence
FROM h WHERE loop IS NOT NULL AND lanes > 1 AND vector_bits > 0 AND loads > 0 AND stores = 0 AND gathers = 0 AND computed_loads = 0 AND walked > 0 AND walked <= 0.3 * element_bytes AND now IS NOT NULL
