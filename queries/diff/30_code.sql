-- purpose: what changed in the code of each loop: machine instructions, and which passes changed it
-- grain: loop x mnemonic (diff_mnemonics); loop x pass (diff_passes)
-- columns: loop, mnemonic, count_a, count_b; loop, pass, side
-- Passes are compared where both runs traced the function.
CREATE TEMP TABLE paired AS
SELECT 'a' AS side, key_a AS key, coalesce(key_b, key_a) AS loop FROM loop_pairs WHERE key_a IS NOT NULL
UNION ALL SELECT 'b', key_b, key_b FROM loop_pairs WHERE key_b IS NOT NULL;

CREATE TEMP TABLE diff_mnemonics AS
SELECT p.loop, i.mnemonic,
       count(*) FILTER (s.side = 'a') AS count_a, count(*) FILTER (s.side = 'b') AS count_b
FROM sides s JOIN instructions i USING (run_id)
JOIN paired p ON p.side = s.side AND p.key = i.loop
GROUP BY ALL HAVING count_a <> count_b;

CREATE TEMP TABLE loop_passes AS
SELECT DISTINCT s.side, p.loop, e.pass
FROM sides s JOIN pass_effects e USING (run_id)
JOIN paired p ON p.side = s.side AND p.key = e.loop;

CREATE TEMP TABLE diff_passes AS
SELECT loop, pass, any_value(side) AS side FROM loop_passes
WHERE loop IN (SELECT loop FROM loop_passes GROUP BY loop HAVING count(DISTINCT side) = 2)
GROUP BY loop, pass HAVING count(DISTINCT side) = 1;
