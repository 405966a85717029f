using System.Buffers.Binary;
using System.Text;
using BestOfN.Inference.Weights;
using BestOfN.Testing;
using static TorchSharp.torch;
using P = BestOfN.Inference.Tests.Weights.TorchPickle;

namespace BestOfN.Inference.Tests.Weights;

/// <summary>
/// Whatever an archive claims: one error of one line that names the file, quickly, and nothing is executed or stays mapped.
/// </summary>
[Collection(NativeMemory.Name)]
public sealed class HostileTorchArchiveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-hostile-").FullName;

    public static TheoryData<string, string[]> Cases => new()
    {
        { "empty file", ["expected at least 22 bytes", "found 0"] },
        { "not an archive", ["expected a ZIP archive", "PyTorch 1.6"] },
        { "cut off", ["expected a ZIP archive", "cut off"] },
        { "compressed entries", ["archive/data.pkl", "compressed", "method 8"] },
        { "encrypted entries", ["archive/data.pkl", "encrypted"] },
        { "entry twice", ["archive/data/0", "is there twice"] },
        { "entry runs into the directory", ["archive/data/0", "run into the directory"] },
        { "entries overlap", ["overlaps", "archive/data.pkl"] },
        { "entry beyond the file", ["archive/data/0", "impossible in a file of"] },
        { "entry with another name of its own", ["Xrchive/data/0", "says another name"] },
        { "stored size differs", ["archive/data/0", "stored as 1"] },
        { "no ZIP64 field", ["archive/data/0", "expected a ZIP64 field"] },
        { "count beyond the directory", ["the directory claims 60000 entries"] },
        { "count below the directory", ["the directory claims 1 entries", "behind them"] },
        { "huge ZIP64 count", ["the directory claims 18446744073709551615 entries"] },
        { "no pickle", ["expected one entry data.pkl", "found 0"] },
        { "two pickles", ["expected one entry data.pkl", "found 2"] },
        { "big endian", ["byteorder", "expected little"] },
        { "storage that is missing", ["tensor w", "data/9", "no such entry"] },
        { "storage smaller than claimed", ["tensor w", "5 elements", "need 20 bytes", "found 16"] },
        { "storage of impossible size", ["tensor w", "9223372036854775807 elements"] },
        { "os.system", ["global os.system", "nothing is executed"] },
        { "builtins.eval", ["global builtins.eval", "nothing is executed"] },
        { "posix.system by attribute of an allowed module", ["global torch._utils.os.system", "nothing is executed"] },
        { "storage class that is not one", ["BINPERSID"] },
        { "global as a storage type", ["global torch.hub.load", "nothing is executed"] },
        { "INST", ["opcode 0x69 (INST)", "nothing is executed"] },
        { "STACK_GLOBAL", ["opcode 0x93 (STACK_GLOBAL)"] },
        { "NEWOBJ", ["opcode 0x81 (NEWOBJ)"] },
        { "protocol 4", ["expected pickle protocol 2, found 4"] },
        { "call of a storage", ["REDUCE: torch.FloatStorage"] },
        { "call of a string", ["REDUCE: expected a global"] },
        { "state of a tensor", ["BUILD: expected a dictionary"] },
        { "hooks", ["_rebuild_tensor_v2", "no hooks"] },
        { "view beyond its storage", ["shape [5]", "do not fit storage 0 of 4 elements"] },
        { "offset beyond its storage", ["from element 4 on", "do not fit"] },
        { "negative offset", ["from element -1 on", "do not fit"] },
        { "strides beyond its storage", ["strides [3, 2]", "do not fit"] },
        { "strides that overflow", ["do not fit"] },
        { "negative stride", ["_rebuild_tensor_v2: expected"] },
        { "shape that overflows", ["do not fit"] },
        { "stride of zero", ["shape [1000000000000]", "do not fit"] },
        { "empty and enormous", ["do not fit"] },
        { "rank of a thousand", ["_rebuild_tensor_v2: expected"] },
        { "value that is no tensor", ["n: expected a tensor, found a dictionary"] },
        { "tensor twice", ["key w is there twice"] },
        { "key that is a number", ["expected a string as key"] },
        { "not a dictionary", ["expected one dictionary of tensors"] },
        { "itself as its value", ["w: expected a tensor, found a dictionary"] },
        { "stack underflow", ["expected 2 values on the stack"] },
        { "pop through a mark", ["expected 2 values on the stack"] },
        { "no mark", ["expected a mark"] },
        { "mark remembered", ["expected a value to remember"] },
        { "never remembered", ["value 77 was never remembered"] },
        { "marks without end", ["values on the stack"] },
        { "nested tuples without end", ["values"] },
        { "memo without end", ["expected at most"] },
        { "string longer than the file", ["expected a string of at most", "2147483647"] },
        { "string past the end", ["more bytes"] },
        { "integer of 255 bytes", ["LONG1"] },
        { "global without end", ["GLOBAL", "found no end"] },
        { "no stop", ["expected 1 more bytes, found 0"] },
        { "bytes behind the stop", ["behind the end"] },
        { "pickle too large", ["expected at most 16777216 bytes"] },
        { "name that writes to the terminal", ["tensor w\uFFFD[31m\uFFFD"] },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, MemberData(nameof(Cases))]
    public void A_hostile_archive_is_one_clear_error(string what, string[] says)
    {
        var path = Path.Combine(_folder, "pytorch_model.bin");
        File.WriteAllBytes(path, Hostile(what));
        var error = Assert.Throws<CheckpointException>(() => TorchArchiveFile.Open(path).Dispose());
        Assert.All(says, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.InRange(error.Message.Length, 1, path.Length + 400);
    }

    [Theory]
    [InlineData("pytorch_model-00001-of-00003.bin")]
    [InlineData("pytorch_model-00002-of-00003.bin")]
    [InlineData("pytorch_model-00003-of-00003.bin")]
    public void Random_damage_gives_this_error_or_tensors_within_the_file(string shard)
    {
        var good = File.ReadAllBytes(Path.Combine(GoldenFiles.Folder("ixc25-reward/torch-bin-bf16"), shard));
        var pickle = good.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x80, 2]);
        var random = new Random(shard.GetHashCode(StringComparison.Ordinal) & 0xffff);
        var (errors, survivors) = (0, 0);
        for (var i = 0; i < 400; i++)
        {
            var path = Path.Combine(_folder, $"{i}.bin");
            File.WriteAllBytes(path, Damaged(good, pickle, random));
            try
            {
                using var file = TorchArchiveFile.Open(path);
                foreach (var entry in file.Tensors.Values)
                {
                    using var scope = NewDisposeScope();
                    file.Map(entry).to(ScalarType.Float32).sum().item<float>();
                }

                survivors++;
            }
            catch (CheckpointException)
            {
                errors++;
            }

            File.Delete(path);
        }

        Assert.InRange(errors, 100, 400);
        Assert.True(survivors > 0, "some damage lies in the weights, where nothing can tell");
    }

    // Most of it where the structure is: pickle, headers, directory.
    private static byte[] Damaged(byte[] good, int pickle, Random random)
    {
        var bytes = good.ToArray();
        for (var n = random.Next(1, 5); n > 0; n--)
        {
            var at = Math.Clamp(
                random.Next(4) switch
                {
                    0 => random.Next(bytes.Length),
                    1 => pickle + random.Next(5500),
                    2 => bytes.Length - 1 - random.Next(120),
                    _ => bytes.Length - 1 - random.Next(4000),
                },
                0,
                bytes.Length - 1);
            switch (random.Next(4))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.AsSpan(at, Math.Min(4, bytes.Length - at)).Fill(0xff); break;
                default: bytes = random.Next(2) == 0 ? bytes[..Math.Max(at, 1)] : [.. bytes[..at], .. bytes[(at + 1)..]]; break;
            }
        }

        return bytes;
    }

    private static byte[] Hostile(string what)
    {
        var four = TorchArchive.Floats(1, 2, 3, 4);
        var storage = P.Storage("0", 4);
        var good = P.Tensor(storage, 0, [4], [1]);
        var hooks = P.NoHooks;
        byte[] Pickled(params byte[][] items) => new TorchArchive().Add("data.pkl", P.Of(items)).Add("data/0", four).ToArray();
        byte[] Raw(params byte[][] parts) => new TorchArchive().Add("data.pkl", P.Join(parts)).Add("data/0", four).ToArray();
        byte[] View(long offset, long[] shape, long[] strides) => Pickled(P.Text("w"), P.Tensor(storage, offset, shape, strides));
        TorchArchive Filled(TorchArchive archive) => archive.Add("data.pkl", P.Of(P.Text("w"), good)).Add("data/0", four);
        TorchArchive Directory(Action<byte[]> change, bool zip64 = false) => Filled(new TorchArchive
        {
            Zip64 = zip64,
            ChangeDirectoryHeader = (header, name) =>
            {
                if (name.EndsWith("data/0", StringComparison.Ordinal))
                {
                    change(header);
                }
            },
        });
        return what switch
        {
            "empty file" => [],
            "not an archive" => [0x80, 2, .. new byte[100]],
            "cut off" => Filled(new TorchArchive()).ToArray()[..^30],
            "compressed entries" => Filled(new TorchArchive { Method = 8 }).ToArray(),
            "encrypted entries" => Filled(new TorchArchive { Flags = 1 }).ToArray(),
            "entry twice" => Filled(new TorchArchive()).Add("data/0", four).ToArray(),
            "entry runs into the directory" => Directory(h => Sizes(h, 400)).ToArray(),
            "entries overlap" => Filled(new TorchArchive
            {
                ChangeDirectoryHeader = (h, name) => Sizes(h,
                    name.EndsWith("data.pkl", StringComparison.Ordinal) ? BinaryPrimitives.ReadInt32LittleEndian(h.AsSpan(24)) + 60 : 16),
            }).ToArray(),
            "entry beyond the file" => Directory(h => Sizes(h, int.MaxValue)).ToArray(),
            "entry with another name of its own" => Directory(h => h[46] = (byte)'X').ToArray(),
            "stored size differs" => Directory(h => h[20] = 1).ToArray(),
            "no ZIP64 field" => Directory(h => h.AsSpan(24, 4).Fill(0xff)).ToArray(),
            "count beyond the directory" => Filled(new TorchArchive { ChangeCount = _ => 60_000 }).ToArray(),
            "count below the directory" => Filled(new TorchArchive { ChangeCount = _ => 1 }).ToArray(),
            "huge ZIP64 count" => Filled(new TorchArchive { Zip64 = true, ChangeCount = _ => ulong.MaxValue }).ToArray(),
            "no pickle" => new TorchArchive().Add("data/0", four).ToArray(),
            "two pickles" => Filled(new TorchArchive()).Add("other/data.pkl", []).ToArray(),
            "big endian" => Filled(new TorchArchive()).Add("byteorder", "big"u8.ToArray()).ToArray(),
            "storage that is missing" => Pickled(P.Text("w"), P.Tensor(P.Storage("9", 4), 0, [4], [1])),
            "storage smaller than claimed" => Pickled(P.Text("w"), P.Tensor(P.Storage("0", 5), 0, [5], [1])),
            "storage of impossible size" => Pickled(P.Text("w"), P.Tensor(P.Storage("0", long.MaxValue), 0, [4], [1])),
            "os.system" => Pickled(P.Text("w"), P.Call(P.Global("os", "system"), P.Tuple(P.Text("touch /tmp/bestofn-executed")))),
            "builtins.eval" => Pickled(P.Text("w"), P.Call(P.Global("builtins", "eval"), P.Tuple(P.Text("1")))),
            "posix.system by attribute of an allowed module" =>
                Pickled(P.Text("w"), P.Call(P.Global("torch._utils", "os.system"), P.Tuple(P.Text("1")))),
            "storage class that is not one" => Pickled(P.Text("w"), P.Storage("0", 4, "_rebuild_tensor_v2", "torch._utils")),
            "global as a storage type" => Pickled(P.Text("w"), P.Storage("0", 4, "load", "torch.hub")),
            "INST" => Raw([0x80, 2], [(byte)'('], [(byte)'i'], Encoding.ASCII.GetBytes("os\nsystem\n."), []),
            "STACK_GLOBAL" => Raw([0x80, 2], P.Text("os"), P.Text("system"), [0x93, (byte)'.']),
            "NEWOBJ" => Raw([0x80, 2], P.Global("collections", "OrderedDict"), [(byte)')', 0x81, (byte)'.']),
            "protocol 4" => Raw([0x80, 4, (byte)'}', (byte)'.']),
            "call of a storage" => Pickled(P.Text("w"), P.Call(P.Global("torch", "FloatStorage"), P.Tuple())),
            "call of a string" => Pickled(P.Text("w"), P.Call(P.Text("eval"), P.Tuple())),
            "state of a tensor" => Pickled(P.Text("w"), P.Join(good, [(byte)'}', (byte)'b'])),
            "hooks" => Pickled(P.Text("w"), P.Call(P.Global("torch._utils", "_rebuild_tensor_v2"), P.Tuple(
                storage, P.Number(0), P.Tuple(P.Number(4)), P.Tuple(P.Number(1)), [0x89],
                    P.Join(hooks, P.Text("hook"), P.Text("f"), [(byte)'s'])))),
            "view beyond its storage" => View(0, [5], [1]),
            "offset beyond its storage" => View(4, [1], [1]),
            "negative offset" => View(-1, [1], [1]),
            "strides beyond its storage" => View(0, [2, 2], [3, 2]),
            "strides that overflow" => View(0, [3, 1], [long.MaxValue, 1]),
            "negative stride" => View(3, [4], [-1]),
            "shape that overflows" => View(0, [1L << 62, 1L << 62], [1, 1]),
            "stride of zero" => View(0, [1_000_000_000_000], [0]),
            "empty and enormous" => View(0, [0, 1L << 62, 1L << 62], [1, 1, 1]),
            "rank of a thousand" => View(0, [.. Enumerable.Repeat(1L, 1000)], [.. Enumerable.Repeat(1L, 1000)]),
            "value that is no tensor" => Pickled(P.Text("n"), [(byte)'}']),
            "tensor twice" => Pickled(P.Text("w"), good, P.Text("w"), good),
            "key that is a number" => Pickled(P.Number(1), good),
            "not a dictionary" => Raw([0x80, 2], P.Text("x"), [(byte)'.']),
            "itself as its value" => Raw([0x80, 2, (byte)'}', (byte)'q', 0], P.Text("w"), [(byte)'h', 0, (byte)'s', (byte)'.']),
            "stack underflow" => Raw([0x80, 2, (byte)'}', (byte)'R', (byte)'.']),
            "pop through a mark" => Raw([0x80, 2, (byte)'}', (byte)'(', (byte)'}', 0x86, (byte)'.']),
            "no mark" => Raw([0x80, 2, (byte)'}', (byte)'u', (byte)'.']),
            "mark remembered" => Raw([0x80, 2, (byte)'(', (byte)'q', 0, (byte)'.']),
            "never remembered" => Raw([0x80, 2, (byte)'h', 77, (byte)'.']),
            "marks without end" => Raw([0x80, 2], [.. Enumerable.Repeat((byte)'(', 1 << 20)]),
            "nested tuples without end" => Raw([0x80, 2, (byte)'N'], [.. Enumerable.Repeat((byte)0x85, 8 << 20)]),
            "memo without end" =>
                Raw([0x80, 2, (byte)'}'], [.. Enumerable.Range(0, (1 << 20) + 10).SelectMany(i => (byte[])[(byte)'r', .. P.Little(i)])]),
            "string longer than the file" => Raw([0x80, 2, (byte)'X'], P.Little(int.MaxValue)),
            "string past the end" => Raw([0x80, 2, (byte)'X'], P.Little(4000), [(byte)'a']),
            "integer of 255 bytes" => Raw([0x80, 2, 0x8a, 255], new byte[255], [(byte)'.']),
            "global without end" => Raw([0x80, 2, (byte)'c'], [.. Enumerable.Repeat((byte)'a', 100_000)]),
            "no stop" => Raw([0x80, 2, (byte)'}']),
            "bytes behind the stop" => Raw([0x80, 2, (byte)'}', (byte)'.', (byte)'.']),
            "pickle too large" => Raw([0x80, 2, (byte)'}'], new byte[StateDictionaryPickle.LargestPickle]),
            "name that writes to the terminal" => Pickled(P.Text("w\u001b[31m\n"), P.Tensor(P.Storage("9", 4), 0, [4], [1])),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
    }

    private static void Sizes(byte[] header, int size)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(20), size);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(24), size);
    }
}
