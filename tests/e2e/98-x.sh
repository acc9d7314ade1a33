. "$(dirname "$0")/../lib/e2e.sh"
. "$CT_LIB/podman.sh"
. "$CT_LIB/bundle.sh"
cat > "$OUT/runs" << 'EOF'
dir=$1 prefix=$2 n=$3
shift 3
. "$CT_LIB/podman.sh"
podman_prepare "$dir" > "$dir/import" 2>&1 || { cat "$dir/import"; exit; }
for runtime in "$@"; do
	read -ra podman < <(podman_command "$dir" "$runtime")
	mapfile -t limits < <(podman_limits "$runtime" | tr ' ' '\n')
	p=$prefix
	for ((i = 0; i < n; i++)); do
	echo begin $(date +%s.%N) >> $dir/times
	"${podman[@]}" run --name "$p$runtime-fails$i" "${limits[@]}" ct/service:1 /bin/nothing \
		> "$dir/fails.out" 2>&1 && echo "what does not exist is executed"
	echo ran $(date +%s.%N) >> $dir/times
	"${podman[@]}" rm -f "$p$runtime-fails$i" > "$dir/fails.rm" 2>&1
	echo gone $(date +%s.%N) >> $dir/times
	done
done
EOF
trace_start trace || exit 0
said=$(SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/runs" "$OUT" "$P" "20" runc crun 2>&1)
trace_stop
ask 'mine | "\(.engine) \(.runtime) \(.name) \(.image) \(.kind) \(.outcome)"'
tail -12 $OUT/times
pass done
