// Needs: npm i @huggingface/tokenizers. Usage: node extra-cases.mjs <this folder>
import fs from 'fs'; import {Tokenizer} from '@huggingface/tokenizers';
let seed=7; const rnd=n=>{seed=(seed*1103515245+12345)&0x7fffffff; return (seed>>8)%n};
const pool=[...'aeiouAEOnsztcdgjlrkwyqx ()<>='].map(c=>c.codePointAt(0)).concat([0x300,0x301,0x302,0x303,0x304,0x306,0x307,0x308,0x30a,0x30c,0x323,0x327,0x328,0x338,0x345,0x31b,0x1100,0x1112,0x1161,0x1175,0x11a8,0x11c2,0xac00,0xac01,0xd7a3,0x212b,0x2126,0x1e9b,0x3a9,0x3b1,0x313,0x314,0x342,0x915,0x93c,0x958,0xfb2a,0x5d0,0x5bc,0x5b7,0x1d15e,0x1d157,0x1d165,0xf900,0x2f800,0x9be,0x9c7,0xb47,0xb3e,0xdd9,0xdcf,0xdca,0x1b05,0x1b35,0x3099,0x304b,0x30a6,0x110ba,0x11099,0x1112e,0x11127,0x11131,0x0f71,0x0f72,0x0f73,0x0f75,0x1f600,0x1e14d]);
const nfc=[];
for(let i=0;i<400;i++){let s='';for(let k=rnd(9)+1;k>0;k--)s+=String.fromCodePoint(pool[rnd(pool.length)]); nfc.push({text:s,composed:s.normalize('NFC')});}
const texts=['𝒜𝒷𝒸 𠀀𠀁x 𝟘𝟙2 😀😀 a😀b','𐐀𐐨’s ﬀ','x\u0301y e\u0301 \u212b','𑄷𑄸9','it\'S I\'LL we\'Ve','a\u00a0\u3000 b\u2003','\u0085x\u001c y','𞤀𞥐 Ａ１ Ⅷ²½','🇩🇪 👨‍👩‍👧','\r\n\r \n\t x','𠀀'.repeat(5)+'7'.repeat(7),'_-_=+--\n\n','ไทย ภาษา हिन्दी','a'.repeat(700)+' '+'other'.repeat(200),' '.repeat(40)+'x','\ufeffa\u200db','٣٤٥٦ 一二三'];
const out={note:'NFC by the ICU of node, ids by @huggingface/tokenizers; see extra-cases.mjs',nfc};
for(const f of ['hf-bpe-llama3','hf-bpe-qwen']){const t=new Tokenizer(JSON.parse(fs.readFileSync(`${process.argv[2]}/${f}/tokenizer.json`)),{});
 out[f]=texts.map(text=>({text,ids:t.encode(text,{add_special_tokens:false}).ids}));}
fs.writeFileSync(`${process.argv[2]}/extra-cases.json`,JSON.stringify(out)+'\n');
