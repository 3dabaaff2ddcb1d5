const sign = `URL=http://127.0.0.1:8480/api/acknowledgements      # 网关地址 · address of the gateway
CHANNEL=center                                      # 通道 · channel
SECRET=whsec_...                                    # 双方约定的密钥 · the secret agreed on
ID=ack-$(date +%Y%m%d%H%M%S)-$$                      # 重发时不变 · keep it when you send again
TS=$(date +%s)                                      # 每次重取 · of this attempt
KEY=$(printf %s "\${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
SIG=$( { printf '%s.%s.' "$ID" "$TS"; cat "$BODY"; } \\
  | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | base64 | tr -d '\\n')
curl -sS -i "$URL" --data-binary @"$BODY" -H "content-type: $TYPE" -H "x-channel: $CHANNEL" \\
  -H "webhook-id: $ID" -H "webhook-timestamp: $TS" -H "webhook-signature: v1,$SIG"`;

const xml = `BODY=ack.xml; TYPE=application/xml
cat > ack.xml <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<ACKNOWLEDGEMENTS CHANNEL="center">
  <ACK><ID>0123456789abcdef0123456789abcdef</ID><LEVEL>picked-up</LEVEL></ACK>
  <ACK><ID>0123456789abcdef0123456789abcdef</ID><LEVEL>refused</LEVEL><CODE>E102</CODE><REASON>缺少受理单位代码</REASON><TIME>20261123T100000</TIME></ACK>
</ACKNOWLEDGEMENTS>
END`;

const json = `BODY=ack.json; TYPE=application/json
cat > ack.json <<'END'
{"channel":"center","acknowledgements":[
  {"id":"0123456789abcdef0123456789abcdef","level":"accepted","time":"20261123T100000"}]}
END`;

const gbk = `iconv -f UTF-8 -t GB18030 ack.xml | sed 's/encoding="UTF-8"/encoding="GB18030"/' > ack-gb.xml
BODY=ack-gb.xml; TYPE=application/xml`;

const answers: readonly (readonly [string, string, string])[] = [
  ['202', '已妥善保存，随后处理；同一 webhook-id 与内容重发得到同一回执号', 'stored durably, read afterwards; the same webhook-id and bytes give the same receipt'],
  ['400', '已保存但无法读取：按 path、line 更正后换新的 webhook-id 再发', 'stored but unreadable: correct what path and line name, send it under a new webhook-id'],
  ['401', '通道、签名、时间或来源地址不符（不说明是哪一项）', 'channel, signature, time or address do not fit (which one is not told)'],
  ['413 415', '内容过大；不是 XML 或 JSON，或经过压缩', 'too large; neither XML nor JSON, or compressed'],
  ['429 503', '按 Retry-After 秒数之后原样重发', 'send the same again after Retry-After seconds'],
];

const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const block = (text: string): string => `<pre><code>${escape(text)}</code></pre>`;

/** The page for those who write the sending side: curl with openssl, no script in it. */
export function examplesPage(): string {
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>回执推送示例 · Pushing acknowledgements</title>
<style>body{font:16px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{background:#f4f4f4;padding:1rem;overflow-x:auto;font-size:13px}td{padding:.2rem 1rem .2rem 0;vertical-align:top}</style></head>
<body>
<h1>回执推送示例 <small lang="en">Pushing acknowledgements</small></h1>
<p>签名按 Standard Webhooks：对 <code>webhook-id.webhook-timestamp.正文</code> 的原始字节计算 HMAC-SHA256，密钥为 <code>whsec_</code> 之后部分的 base64 解码。</p>
<p lang="en">Signed as Standard Webhooks says: HMAC-SHA256 over the bytes of <code>webhook-id.webhook-timestamp.body</code>, keyed with the base64 text after <code>whsec_</code>.</p>
<h2>1. 正文 <small lang="en">The body</small></h2>
<p>XML（UTF-8，<span lang="en">or GB18030 / GBK, named in the declaration</span>）</p>${block(xml)}
<p>JSON</p>${block(json)}
<p>GB18030</p>${block(gbk)}
<p><code>LEVEL</code>：<code>picked-up</code> 已取走 · <code>accepted</code> 已接收 · <code>refused</code> 被退回。<code>ID</code> 为报文的 <code>MSGID</code>。<span lang="en">One document holds up to 5000.</span></p>
<h2>2. 签名并发送 <small lang="en">Sign and send</small></h2>${block(sign)}
<h2>3. 答复 <small lang="en">Answers</small></h2>
<table>${answers.map(([status, zh, en]) => `<tr><td><code>${status}</code></td><td>${zh}<br><span lang="en">${en}</span></td></tr>`).join('')}</table>
<p>也可将同样的文件放入中间机的 <code>ack/</code> 目录（先用以 <code>.</code> 开头的临时名，写完再改名为 <code>.xml</code> 或 <code>.json</code>）。<br>
<span lang="en">The same documents may be laid into <code>ack/</code> on the staging machine: under a temporary name with a leading dot, renamed to <code>.xml</code> or <code>.json</code> when complete.</span></p>
</body></html>
`;
}
