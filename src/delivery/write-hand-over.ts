/** A file of a package, by its path in it. */
export interface PackageFile {
  readonly path: string;
  readonly sha256: string;
}

/** The list as `sha256sum -c` reads it. */
export function writeHashList(files: readonly PackageFile[]): string {
  return files.map((f) => `${f.sha256}  ${f.path}\n`).join('');
}

/** What is to be done with a package, in Chinese and English; with byte order mark and CRLF, so that every Notepad shows it. */
export function writePackageReadme(p: { id: string; title: string; channel: string; outboxDir: string; manifestDir: string; manifests: readonly string[]; messages: number; files: number }): string {
  const windows = `Get-ChildItem ${p.outboxDir},${p.manifestDir} -Recurse -File | Get-FileHash -Algorithm SHA256 | ForEach-Object { $_.Hash.ToLower() + '  ' + $_.Path } | Set-Content RECEIVED.txt`;
  const linux = `find ${p.outboxDir} ${p.manifestDir} -type f -exec sha256sum {} + > RECEIVED.txt`;
  const lines = [
    `数据包 ${p.id}（${p.title}，通道 ${p.channel}）`,
    `报文 ${p.messages} 件，文件 ${p.files} 个，清单 ${p.manifests.join('、')}`,
    '',
    '线路中断时由专人携带介质送达。请按顺序操作：',
    '1. 把整个文件夹复制到接收方的机器上。',
    '2. 在该文件夹内计算每个文件的 SHA-256：',
    `   Windows PowerShell： ${windows}`,
    `   Linux： ${linux}`,
    `3. 先把 ${p.outboxDir}/ 中的全部文件复制到中间机的 ${p.outboxDir}/，全部完成后再按编号从小到大复制 ${p.manifestDir}/ 中的清单。`,
    '   同名文件已存在且内容相同的，跳过即可；内容不同的，不要覆盖，请联系发送方。',
    '4. 把 RECEIVED.txt 交回发送方。发送方核对无误后，本数据包才算送达；回执照常返回。',
    '不要改名，不要增减文件，不要拆分数据包。',
    '',
    `Package ${p.id} (${p.title}, channel ${p.channel})`,
    `${p.messages} messages, ${p.files} files, manifests ${p.manifests.join(', ')}`,
    '',
    'Carried on a medium because the line is down. In this order:',
    "1. Copy the whole folder to a machine of the receiver.",
    '2. In that folder, compute the SHA-256 of every file:',
    `   Windows PowerShell: ${windows}`,
    `   Linux: ${linux}`,
    `3. Copy all files of ${p.outboxDir}/ into ${p.outboxDir}/ of the staging machine; when all are there, copy the manifests of ${p.manifestDir}/, lowest number first.`,
    '   A file that is there already with the same content is skipped; one with other content is not overwritten: ask the sender.',
    '4. Give RECEIVED.txt back to the sender. Only when it matches does this package count as delivered; acknowledgements come as usual.',
    'Do not rename, add, leave out or split.',
    '',
  ];
  return `\uFEFF${lines.join('\r\n')}`;
}
