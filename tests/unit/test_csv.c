// SPDX-License-Identifier: GPL-2.0-only
#include "sink_records.h"

#define WHY \
	"why_cpu_ns,why_runqueue_ns,why_throttled_ns,why_disk_ns,why_disk_sync_ns," \
	"why_page_fault_ns,why_memory_ns,why_lock_ns,why_rcu_ns,why_network_ns,why_child_ns,why_peer_ns,why_sleep_ns," \
	"why_other_ns,why_unexplained_ns"
#define SCOPE  "scope_container,scope_uid"
#define NO_WHY ",,,,,,,,,,,,,,,"
#define NODE   ",\"node-1\",\"\","
#define NO_POD ",\"\",\"\",\"\",\"\",,,,,,,,,\"\",\"\",,"
#define POD \
	"pod,pod_namespace,pod_uid,pod_container,sandbox_ns,init_ns,containers_ns,backoff_ns," \
	"resolve_ns,download_ns,unpack_ns,register_ns,project,service,volumes_ns,kubelet_ns"

#define HEAD_WHO "kind,outcome,cause,id,name,image,runtime,engine,init_pid,exit_code,begin_time,"
#define HEAD_PHASES \
	"begin_ns,end_ns,total_ns,pull_ns,create_ns,attach_ns,connect_ns,start_ns,ready_ns,run_ns," \
	"stop_ns,die_ns,disconnect_ns,destroy_ns,client_ns,unknown_ns,missing,"
#define HEAD_REST \
	"ready_by,ready_at_ns,run_before_ns,service_end_ns,removed,failed_phase,failed_step," \
	"failed_message,predecessor_id,predecessor_name,steps," WHY ",node," SCOPE "," POD "\r\n"
#define ID  "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
#define WHO ID ",\"web\",\"busybox:1\",\"runc\",\"docker\","

static const struct options opts = { 0 };

Test(csv, rows)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_failed_start(), a_gap() };
	own_mem char *text = run("csv", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);

	cr_expect_str_eq(
		text, HEAD_WHO HEAD_PHASES HEAD_REST
		"\"start\",\"ok\",\"request\"," WHO "4242,,2024-11-21T09:08:20.000000000Z,"
		"100000000000,100206512000,206512000,,11000000,312000,9000000,185000000,0,,,,,,"
		"1200000,,\"\",\"listen\",100206512000,,,false,\"\",\"\",\"\",\"\",\"\",3" NO_WHY
			NODE NO_POD "\r\n"
		"\"stop\",\"ok\",\"request\"," WHO "4242,137,2024-11-21T09:08:20.000000000Z,"
		"100000000000,101282000000,1282000000,,,,,,,,1200000000,25000000,47000000,10000000,"
		",,\"\",\"\",,3000000000,101200000000,true,\"\",\"\",\"\",\"\",\"\",0" NO_WHY NODE
			NO_POD "\r\n"
		"\"start\",\"failed\",\"request\"," WHO "4242,127,2024-11-21T09:08:20.000000000Z,"
		"100000000000,100062000000,62000000,,11000000,,,51000000,,,,,,,,,\"\",\"\",,,,false,"
		"\"start\",\"runtime create\","
		"\"exec: \"\"nope\"\": executable file not found in $PATH\",\"\",\"\",0" NO_WHY NODE
			NO_POD "\r\n"
		"\"start\",\"ok\",\"request\"," WHO "4242,,2024-11-21T09:08:20.000000000Z,"
		"100000000000,100218000000,218000000,,11000000,,,185000000,2000000,,,,,,,20000000,"
		"\"connect\",\"\",,,,false,\"\",\"\",\"\",\"\",\"\",0" NO_WHY NODE NO_POD "\r\n");
}

Test(csv, a_pod_has_columns_of_its_own)
{
	struct ct_identity who = { .id = "u-1",
				   .name = "web-1",
				   .pod = "web-1",
				   .pod_ns = "shop",
				   .pod_uid = "u-1",
				   .runtime = "runc" };
	struct ct_record rec = record(CT_RECORD_POD_START, &who);
	own_mem char *text = NULL;

	rec.end_ns = rec.begin_ns + 8;
	rec.segments[0] = (struct ct_segment){ CT_PHASE_SANDBOX, rec.begin_ns, rec.begin_ns + 5 };
	rec.segments[1] =
		(struct ct_segment){ CT_PHASE_CONTAINERS, rec.begin_ns + 5, rec.begin_ns + 8 };
	rec.segment_count = 2;
	text = run("csv", &opts, &rec, 1, &no_loss);
	expect_in(text, "\"pod-start\",\"ok\",");
	expect_in(text, ",\"web-1\",\"shop\",\"u-1\",\"\",5,,3,,,,,,\"\",\"\",,\r\n");
}

Test(csv, steps_are_a_table_of_their_own)
{
	struct ct_record recs[] = { a_start(), a_stop() };
	own_mem char *text = run("csv-steps", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);

	cr_expect_str_eq(
		text,
		"id,name,image,runtime,engine,kind,outcome,record_begin_ns,index,step,actor,pid,"
		"phase,begin_time,begin_ns,end_ns,total_ns,parent,depth,count,open,detail," WHY
		",node," SCOPE "\r\n" WHO
		"\"start\",\"ok\",100000000000,0,\"rootfs mount\",\"engine\",10,\"create\","
		"2024-11-21T09:08:20.001000000Z,100001000000,100004000000,3000000,,0,1,false,"
		"\"\"" NO_WHY NODE "\r\n" WHO
		"\"start\",\"ok\",100000000000,1,\"mounts\",\"helper\",12,\"start\","
		"2024-11-21T09:08:20.030000000Z,100030000000,100050000000,20000000,0,1,17,false,"
		"\"/proc\"" NO_WHY NODE "\r\n" WHO
		"\"start\",\"ok\",100000000000,2,\"exec\",\"init\",13,\"start\","
		"2024-11-21T09:08:20.200000000Z,100200000000,,,,0,1,true,\"\"" NO_WHY NODE "\r\n");
}

Test(csv, no_cell_is_a_formula)
{
	static const struct {
		const char *name, *cell;
	} cases[] = {
		{ "=1+1", "\"'=1+1\"" },
		{ "+1", "\"'+1\"" },
		{ "-1", "\"'-1\"" },
		{ "@SUM(A1)", "\"'@SUM(A1)\"" },
		{ "'", "\"''\"" },
		{ "\xef\xbc\x9d"
		  "1",
		  "\"'\xef\xbc\x9d"
		  "1\"" },
		{ "a=1", "\"a=1\"" },
		{ "\t=1", "\"\\x09=1\"" },
		{ "\r\n=1", "\"\\x0d\\x0a=1\"" },
		{ "a\",\"=1", "\"a\"\",\"\"=1\"" },
		{ "\xff\\", "\"\\xff\\\\\"" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_identity who = web;
		struct ct_record rec = record(CT_RECORD_START, &who);
		char part[128];
		own_mem char *text = NULL;

		snprintf(who.name, sizeof(who.name), "%s", cases[i].name);
		text = run("csv", &opts, &rec, 1, &no_loss);
		snprintf(part, sizeof(part), "," ID ",%s,\"busybox:1\",", cases[i].cell);
		expect_in(text, part);
	}
}

Test(csv, whose_it_is)
{
	static const struct ct_owner owners[] = {
		{ .other = true, .uid = 1000 },
		{ .other = true, .inside = true, .pid = 777, .uid = 5 },
		{ .other = true, .inside = true, .pid = 777, .id = "feed" },
		{ .other = true, .inside = true, .pid = 777, .id = "feed", .name = "=kind" },
	};
	static const char *const cells[] = { ",\"\",1000" NO_POD "\r\n",
					     ",\"pid 777\",5" NO_POD "\r\n",
					     ",\"feed\",0" NO_POD "\r\n",
					     ",\"'=kind\",0" NO_POD "\r\n" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(owners); i++) {
		struct ct_identity who = web;
		struct ct_record rec = record(CT_RECORD_START, &who);
		own_mem char *text = NULL;

		who.owner = owners[i];
		text = run("csv", &opts, &rec, 1, &no_loss);
		expect_in(text, cells[i]);
	}
}
