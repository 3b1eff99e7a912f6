-- purpose: remarks that appeared, disappeared, or changed an argument, wherever their lines moved
-- grain: distinct remark (pass, tag, name, arguments without places) of a loop or function
-- columns: loop, change, pass, tag, name, words_a, words_b, row_a, row_b
-- Places are left out of what is compared, and so are costs and thresholds, where the decision is
-- the same, and GVN's choice of a clobbering store, which differs between two compilations. loop is NULL for code outside loops.
CREATE TEMP TABLE remark_side AS
SELECT s.side, coalesce(p.loop, '(' || coalesce(n.function_name, r.function) || ')') AS loop,
       p.loop IS NOT NULL AS in_loop, r.pass, r.tag, r.name,
       array_to_string(list_transform(list_filter(r.args, lambda a:
           a.key NOT IN ('Line', 'Column', 'Disc', 'OtherAccess', 'ClobberedBy', 'Loc')
           AND NOT regexp_matches(a.key, '(?i)cost|t?h?reshold')
           AND NOT (r.pass = 'gvn' AND r.name LIKE 'LoadClobbered%' AND a.key <> 'Type')),
           lambda a: a.key || '=' || a.value), chr(31)) AS signature,
       any_value(array_to_string(list_transform(r.args, lambda a, i: CASE WHEN i > 1 AND r.args[1].key = 'Remark' THEN '; ' ELSE '' END || a.value), '')) AS words,
       min(r.unit || ':' || r.document) AS artifact_row
FROM sides s JOIN remarks r USING (run_id)
LEFT JOIN (SELECT 'a' AS side, key_a AS key, coalesce(key_b, key_a) AS loop FROM loop_pairs
           UNION ALL SELECT 'b', key_b, key_b FROM loop_pairs) p ON p.side = s.side AND p.key = r.loop
LEFT JOIN (SELECT run_id, function, any_value(function_name) AS function_name FROM loops
           GROUP BY ALL) n ON n.run_id = r.run_id AND n.function = r.function
WHERE r.pass NOT IN ('annotation-remarks', 'size-info', 'stack-frame-layout', 'asm-printer', 'prologepilog')
GROUP BY ALL;

CREATE TEMP TABLE remark_only AS
SELECT loop, in_loop, pass, tag, name, signature,
       any_value(side) AS side, any_value(words) AS words, any_value(artifact_row) AS artifact_row,
       row_number() OVER (PARTITION BY loop, pass, tag, name, any_value(side) ORDER BY signature) AS position
FROM remark_side GROUP BY loop, in_loop, pass, tag, name, signature
HAVING count(DISTINCT side) = 1;

CREATE TEMP TABLE diff_remarks AS
SELECT coalesce(a.loop, b.loop) AS loop, coalesce(a.in_loop, b.in_loop) AS in_loop,
       CASE WHEN a.loop IS NULL THEN 'appeared' WHEN b.loop IS NULL THEN 'disappeared'
            ELSE 'changed' END AS change,
       coalesce(a.pass, b.pass) AS pass, coalesce(a.tag, b.tag) AS tag,
       coalesce(a.name, b.name) AS name, a.words AS words_a, b.words AS words_b,
       a.artifact_row AS row_a, b.artifact_row AS row_b
FROM (FROM remark_only WHERE side = 'a') a
FULL JOIN (FROM remark_only WHERE side = 'b') b
  ON a.loop = b.loop AND a.pass = b.pass AND a.tag = b.tag AND a.name = b.name
 AND a.position = b.position;
