-- finds: a load overlaps a narrower store shortly before it, and has to wait until that has reached the cache
-- refuted-by: with stores as wide as the loads the loop takes as long as before
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.6.5 (store forwarding); Agner Fog, The microarchitecture (store forwarding)
WITH memory AS (
    SELECT *, regexp_extract(through, '^[a-z]+[a-z0-9]*') AS base
    FROM instructions WHERE NOT stack AND step IS NULL AND base NOT IN ('', 'rip', 'rsp', 'rbp', 'sp')
), met AS (
    SELECT l.run_id, l.machine_loop, max(l.load_bytes) AS loaded, min(s.store_bytes) AS stored
    FROM memory l JOIN memory s USING (run_id, machine_loop, base)
    WHERE s.store_bytes > 0 AND s.store_bytes < l.load_bytes AND s.displacement - l.displacement BETWEEN 0 AND l.load_bytes - 1 GROUP BY ALL
)
SELECT h.run_id, id, 0.92 AS strength, cycles / least(model_cycles, cycles) AS part,
       'what is stored by ' || m.stored || ' byte' || CASE WHEN m.stored > 1 THEN 's' ELSE '' END || ' is soon loaded by ' || m.loaded ||
       ': a load that is wider than the store before it waits until that is in the cache, ' || printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows nothing of that, expects ' || printf('%.1f', model_cycles) AS says,
       'store as wide as is loaded (change the word in a register and store it whole), or load only what was stored' AS helps, NULL AS flags,
       [{'rows': 'SELECT address, mnemonic, operands, load_bytes, store_bytes FROM instructions WHERE (load_bytes > 0 OR store_bytes > 0) AND machine_loop = ' || h.machine_loop,
         'says': m.loaded || ' bytes loaded and ' || m.stored || ' stored by the same address'}] AS evidence
FROM h JOIN met m USING (run_id, machine_loop)
WHERE loop IS NOT NULL AND NOT calls AND vector_bits = 0 AND cycles > 2.5 * model_cycles
