-- purpose: machine loops that halve something with each turn and look where that leads, as a binary search does
-- grain: innermost machine loop
-- columns: run_id, machine_loop
SELECT run_id, machine_loop FROM instructions
WHERE machine_loop IS NOT NULL
GROUP BY run_id, machine_loop
HAVING bool_or(regexp_matches(mnemonic, '^(shr|sar)[bwlq]?$') AND regexp_matches(operands, '^%\w+$|^\$(0x)?1,') OR regexp_matches(mnemonic, '^[la]sr$') AND regexp_matches(operands, '#(0x)?1$'))
   AND bool_or(load_bytes > 0 AND moves = 'computed' AND NOT stack)
