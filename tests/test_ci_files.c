/*
 * What there is to copy for CI: the workflow and GitLab's example are parsed by PyYAML, strictly,
 * must have what their services want, and every script in them must be one for bash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"

/* A key that stands twice is an error; `on` is a truth value to YAML 1.1. */
static const char common[] =
	"import re, subprocess, sys, yaml\n"
	"class Strict(yaml.SafeLoader):\n"
	"    pass\n"
	"def mapping(loader, node, deep=False):\n"
	"    keys = [loader.construct_object(k, deep=True) for k, v in node.value]\n"
	"    assert len(keys) == len(set(keys)), 'twice in %s' % keys\n"
	"    return dict((loader.construct_object(k, deep=True), loader.construct_object(v, deep=True))\n"
	"                for k, v in node.value)\n"
	"Strict.add_constructor('tag:yaml.org,2002:map', mapping)\n"
	"doc = yaml.load(open(sys.argv[1]), Strict)\n"
	"scripts = 0\n"
	"def bash(text):\n"
	"    global scripts\n"
	"    assert isinstance(text, str) and text.strip(), text\n"
	"    done = subprocess.run(['bash', '-n'], input=text.encode(), capture_output=True)\n"
	"    assert done.returncode == 0 and not done.stderr, done.stderr.decode() + text\n"
	"    scripts += 1\n";

static const char github[] =
	"assert set(doc) == {'name', True, 'permissions', 'concurrency', 'jobs'}, doc.keys()\n"
	"assert 'pull_request' in doc[True] and doc['permissions'] == {'contents': 'read'}\n"
	"for job in doc['jobs'].values():\n"
	"    assert isinstance(job['runs-on'], str) and isinstance(job['timeout-minutes'], int)\n"
	"    for step in job['steps']:\n"
	"        assert ('run' in step) != ('uses' in step), step\n"
	"        if 'uses' in step:\n"
	"            assert re.fullmatch(r'[\\w.-]+/[\\w.-]+@v\\d+', step['uses']), step\n"
	"        else:\n"
	"            assert '${{' not in step['run'], 'what others name would be run'\n"
	"            bash(step['run'])\n"
	"for text in re.findall(r'\\$\\{\\{(.*?)\\}\\}', open(sys.argv[1]).read()):\n"
	"    assert re.fullmatch(r' [\\w.]+( \\|\\| [\\w.]+)* ', text), text\n"
	"print('scripts', scripts)\n";

static const char gitlab[] =
	"assert list(doc) == ['handoff-gate'], doc.keys()\n"
	"job = doc['handoff-gate']\n"
	"assert set(job) == {'image', 'rules', 'variables', 'timeout', 'interruptible',\n"
	"    'before_script', 'script', 'allow_failure', 'artifacts'}, job.keys()\n"
	"assert all(isinstance(v, str) for v in job['variables'].values())\n"
	"assert all('if' in rule for rule in job['rules'])\n"
	"for line in job['before_script'] + job['script']:\n"
	"    bash(line)\n"
	"bash('\\n'.join(job['before_script'] + job['script']))\n"
	"assert job['allow_failure'] == {'exit_codes': 4}\n"
	"assert job['artifacts']['when'] == 'always'\n"
	"out = re.search(r'--out (\\S+)', ' '.join(job['script'])).group(1)\n"
	"assert job['artifacts']['paths'] == [out]\n"
	"assert job['artifacts']['reports'] == {'junit': out + '/junit.xml'}\n"
	"print('scripts', scripts)\n";

static void check_file(const char *name, const char *checks, const char *want)
{
	char text[8192], line[512];

	if (system("python3 -c 'import yaml' 2>/dev/null && command -v bash >/dev/null") != 0)
		skip_because("PyYAML or bash is not installed");
	(void)snprintf(text, sizeof(text), "%s%s", common, checks);
	(void)snprintf(line, sizeof(line), "%s/check.py", program.here);
	support_text(line, text);
	(void)snprintf(line, sizeof(line), "python3 check.py \"$HANDOFF_SHARE/%s\"", name);
	program_says(line, want);
}

static void workflow_is_yaml_of_steps_whose_scripts_are_for_bash(void **state)
{
	(void)state;
	check_file(".github/workflows/handoff.yml", github, "scripts 2\n");
}

static void gitlab_example_is_yaml_of_a_job_whose_scripts_are_for_bash(void **state)
{
	(void)state;
	check_file("ci/gitlab.example.yml", gitlab, "scripts 4\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(workflow_is_yaml_of_steps_whose_scripts_are_for_bash),
		PROGRAM_TEST(gitlab_example_is_yaml_of_a_job_whose_scripts_are_for_bash),
	};

	program_find();
	return cmocka_run_group_tests_name("ci_files", tests, NULL, NULL);
}
