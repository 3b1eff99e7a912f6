-- finds: a load overlaps a store shortly before it that has not all of its bytes, and has to wait until that has reached the cache
-- refuted-by: with stores as wide as the loads the loop takes as long as before
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.6.5 (store forwarding); Agner Fog, The microarchitecture (store forwarding)
WITH memory AS (
    SELECT *, regexp_extract(through, '^[a-z]+[a-z0-9]*') AS base
    FROM instructions WHERE NOT stack AND step IS NULL AND base NOT IN ('', 'rip', 'rsp', 'rbp', 'sp')
), met AS (
    SELECT l.run_id, l.machine_loop, max(l.load_bytes) AS loaded, min(s.store_bytes) AS stored
    FROM memory l JOIN memory s USING (run_id, machine_loop, base)
    WHERE s.store_bytes > 0 AND s.store_bytes < l.load_bytes AND s.displacement - l.displacement BETWEEN 0 AND l.load_bytes - 1 GROUP BY ALL
), known AS (
    -- accesses whose place is known in each pass: a member, a local, an element that moves evenly
    SELECT run_id, machine_loop, address, through, coalesce(step, 0) AS step, displacement AS low, displacement + greatest(load_bytes, store_bytes) AS high, load_bytes, store_bytes
    FROM instructions WHERE machine_loop IS NOT NULL AND (load_bytes > 0 OR store_bytes > 0) AND (moves = 'constant' OR through = 'rip') AND kind NOT IN ('call', 'atomic')
), overlapped AS (
    -- one store with all bytes of the load is passed on to it
    SELECT l.run_id, l.machine_loop, l.address, any_value(l.load_bytes) AS loaded, min(s.store_bytes) AS stored, count(DISTINCT s.address) AS parts
    FROM known l JOIN known s USING (run_id, machine_loop, through, step) CROSS JOIN (VALUES (0), (1)) k(passes)
    WHERE l.load_bytes > 0 AND s.store_bytes > 0 AND s.low < l.high + passes * step AND s.high > l.low + passes * step AND (passes = 1 OR s.address < l.address)
    GROUP BY ALL HAVING NOT bool_or(s.low <= l.low + passes * step AND s.high >= l.high + passes * step)
), stalled AS (
    SELECT run_id, machine_loop, max(loaded) AS loaded, arg_max(stored, loaded) AS stored, arg_max(parts, loaded) AS parts FROM overlapped GROUP BY ALL
)
SELECT h.run_id, id, 0.92 AS strength, cycles / least(model_cycles, cycles) AS part,
       'what is stored by ' || m.stored || ' byte' || CASE WHEN m.stored > 1 THEN 's' ELSE '' END || ' is soon loaded by ' || m.loaded ||
       ': a load that is wider than the store before it waits until that is in the cache, ' || printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows nothing of that, expects ' || printf('%.1f', model_cycles) AS says,
       'store as wide as is loaded (change the word in a register and store it whole), or load only what was stored' AS helps, NULL AS flags,
       [{'rows': 'SELECT address, mnemonic, operands, load_bytes, store_bytes FROM instructions WHERE (load_bytes > 0 OR store_bytes > 0) AND machine_loop = ' || h.machine_loop,
         'says': m.loaded || ' bytes loaded and ' || m.stored || ' stored by the same address'}] AS evidence
FROM h JOIN met m USING (run_id, machine_loop)
WHERE loop IS NOT NULL AND NOT calls AND vector_bits = 0 AND cycles > 2.5 * model_cycles
UNION ALL BY NAME
SELECT h.run_id, id, 0.95 AS strength, cycles / least(model_cycles, cycles) AS part,
       loaded || CASE WHEN loaded > 1 THEN ' bytes are' ELSE ' byte is' END || ' loaded from where ' || CASE WHEN parts > 1 THEN 'several stores of ' ELSE 'a store of ' END || stored || CASE WHEN stored > 1 THEN ' bytes' ELSE ' byte' END || ' went just before' ||
       ': no store has all that the load asks for, so it waits until they are in the cache (failed store forwarding), ' || printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows nothing of that, expects ' || printf('%.1f', model_cycles) AS says,
       CASE WHEN stored < loaded THEN 'put the parts together in a register and store them as wide as they are loaded (one memcpy of ' || loaded || ' bytes), or keep the value in a register' ELSE 'load what one store has written, or keep the value in a register' END AS helps, NULL AS flags,
       [{'rows': 'SELECT address, mnemonic, operands, load_bytes, store_bytes FROM instructions WHERE (load_bytes > 0 OR store_bytes > 0) AND machine_loop = ' || h.machine_loop,
         'says': loaded || ' bytes loaded and ' || stored || ' stored at one place'}] AS evidence
FROM h JOIN stalled s USING (run_id, machine_loop)
-- such a wait takes 10 to 20 cycles of each pass
WHERE loop IS NOT NULL AND NOT calls AND cycles > 1.5 * model_cycles AND (cycles - model_cycles) * elements_a_pass > 5 AND NOT EXISTS (FROM met m WHERE m.run_id = h.run_id AND m.machine_loop = h.machine_loop AND vector_bits = 0 AND cycles > 2.5 * model_cycles)
