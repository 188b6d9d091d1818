-- There are none.
SELECT NULL::oid AS roleid, NULL::oid AS member, NULL::oid AS grantor,
       NULL::boolean AS admin_option
WHERE false
