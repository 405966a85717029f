using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text;
using BestOfN.Inputs.Files;
using TorchSharp;

namespace BestOfN.Inference.Weights;

/// <summary>
/// Reads the pickle of a dictionary of tensors as data. It knows the opcodes that torch.save writes for one, and of all the things a pickle
/// can name only those that such a dictionary is made of. Plain values between the tensors are left out. Nothing is looked up, called or
/// executed; whatever else occurs is an error.
/// </summary>
/// <remarks>
/// Protocol 2, https://github.com/python/cpython/blob/main/Lib/pickletools.py. Time and memory are linear in the pickle's length.
/// </remarks>
internal ref struct StateDictionaryPickle
{
    public const int LargestPickle = 16 << 20;
    private const int LargestStack = 1 << 16;
    private const int LargestMemo = 1 << 20;
    private const int LargestCount = 1 << 20;    // of objects made
    private const int LargestString = 1 << 12;   // in bytes
    private const int LargestTensorCount = 100_000;
    private const int LargestRank = 16;

    private const string OrderedDictionary = "collections.OrderedDict";
    private const string RebuildTensor = "torch._utils._rebuild_tensor_v2";
    private const string RebuildParameter = "torch._utils._rebuild_parameter";

    private static readonly FrozenDictionary<string, torch.ScalarType> s_storages = new Dictionary<string, torch.ScalarType>
    {
        ["torch.FloatStorage"] = torch.ScalarType.Float32,
        ["torch.BFloat16Storage"] = torch.ScalarType.BFloat16,
        ["torch.HalfStorage"] = torch.ScalarType.Float16,
        ["torch.DoubleStorage"] = torch.ScalarType.Float64,
        ["torch.LongStorage"] = torch.ScalarType.Int64,
        ["torch.IntStorage"] = torch.ScalarType.Int32,
        ["torch.ShortStorage"] = torch.ScalarType.Int16,
        ["torch.CharStorage"] = torch.ScalarType.Int8,
        ["torch.ByteStorage"] = torch.ScalarType.Byte,
        ["torch.BoolStorage"] = torch.ScalarType.Bool,
    }.ToFrozenDictionary();

    private static readonly object s_mark = new();

    private readonly ReadOnlySpan<byte> _pickle;
    private readonly string _path;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;
    private int _opcodeAt;
    private int _made;
    private int _tensors;

    private StateDictionaryPickle(ReadOnlySpan<byte> pickle, string path)
    {
        _pickle = pickle;
        _path = path;
    }

    /// <param name="pickle">The bytes of <c>data.pkl</c>.</param>
    /// <param name="path">Named in errors.</param>
    /// <exception cref="CheckpointException">Anything but a dictionary of tensors.</exception>
    public static IReadOnlyDictionary<string, PickledTensor> Read(ReadOnlySpan<byte> pickle, string path)
    {
        var reader = new StateDictionaryPickle(pickle, path);
        if (pickle.Length > LargestPickle)
        {
            throw reader.Error($"expected at most {LargestPickle} bytes, found {pickle.Length}");
        }

        return reader.Run();
    }

    private IReadOnlyDictionary<string, PickledTensor> Run()
    {
        while (true)
        {
            _opcodeAt = _position;
            var opcode = (char)Bytes(1)[0];
            switch (opcode)
            {
                case PickleOpcode.Proto: Protocol(Bytes(1)[0]); break;
                case PickleOpcode.EmptyDict: Make(new Dictionary<string, object?>()); break;
                case PickleOpcode.EmptyTuple: Make(Array.Empty<object?>()); break;
                case PickleOpcode.Mark: _marks.Add(_stack.Count); Push(s_mark); break;
                case PickleOpcode.Tuple: Make(PopToMark()); break;
                case PickleOpcode.Tuple1: Make(Pop(1)); break;
                case PickleOpcode.Tuple2: Make(Pop(2)); break;
                case PickleOpcode.Tuple3: Make(Pop(3)); break;
                case PickleOpcode.BinPut: Remember(Bytes(1)[0]); break;
                case PickleOpcode.LongBinPut: Remember(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))); break;
                case PickleOpcode.BinGet: Recall(Bytes(1)[0]); break;
                case PickleOpcode.LongBinGet: Recall(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))); break;
                case PickleOpcode.BinInt1: Make((long)Bytes(1)[0]); break;
                case PickleOpcode.BinInt2: Make((long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2))); break;
                case PickleOpcode.BinInt: Make((long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4))); break;
                case PickleOpcode.Long1: Make(LongInteger(Bytes(Bytes(1)[0]))); break;
                case PickleOpcode.BinUnicode: Make(Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
                case PickleOpcode.NewTrue: Make(true); break;
                case PickleOpcode.NewFalse: Make(false); break;
                case PickleOpcode.None: Push(null); break;
                case PickleOpcode.BinFloat: Make(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8))); break;
                case PickleOpcode.EmptyList: Make(new List<object?>()); break;
                case PickleOpcode.Append: Append(Pop(1)); break;
                case PickleOpcode.Appends: Append(PopToMark()); break;
                case PickleOpcode.Global: Make(Global()); break;
                case PickleOpcode.BinPersId: Make(Storage(Pop(1)[0])); break;
                case PickleOpcode.Reduce: Call(Pop(2)); break;
                case PickleOpcode.SetItem: SetItems(Pop(2)); break;
                case PickleOpcode.SetItems: SetItems(PopToMark()); break;
                case PickleOpcode.Build: Build(Pop(2)); break;
                case PickleOpcode.Stop: return Result();
                default: throw Error(
                    $"opcode 0x{(int)opcode:X2}{NameOf(opcode)} has no place in a dictionary of tensors; nothing is executed");
            }
        }
    }

    private static string NameOf(char opcode) => opcode switch
    {
        PickleOpcode.Inst => " (INST)",
        PickleOpcode.Obj => " (OBJ)",
        PickleOpcode.NewObj => " (NEWOBJ)",
        PickleOpcode.NewObjEx => " (NEWOBJ_EX)",
        PickleOpcode.StackGlobal => " (STACK_GLOBAL)",
        PickleOpcode.Ext1 or PickleOpcode.Ext2 or PickleOpcode.Ext4 => " (EXT)",
        _ => "",
    };

    private readonly void Protocol(byte version)
    {
        if (version != 2)
        {
            throw Error($"expected pickle protocol 2, found {version}");
        }
    }

    private PickledGlobal Global()
    {
        var name = $"{Line()}.{Line()}";
        return name is OrderedDictionary or RebuildTensor or RebuildParameter || s_storages.ContainsKey(name)
            ? new PickledGlobal(name)
            : throw Error($"global {name} has no place in a dictionary of tensors; nothing is executed");
    }

    private readonly PickledStorage Storage(object? id) =>
        id is object?[] { Length: 5 } parts && parts is ["storage", PickledGlobal type, string key, string, long count] && count >= 0
        && s_storages.TryGetValue(type.Name, out var element)
            ? new PickledStorage(key, element, count)
            : throw Error("BINPERSID: expected ('storage', type, key, location, count), found something else");

    private void Call(object?[] functionAndArguments)
    {
        if (functionAndArguments is not [PickledGlobal function, object?[] arguments])
        {
            throw Error("REDUCE: expected a global and its arguments, found something else");
        }

        Make(function.Name switch
        {
            OrderedDictionary when arguments.Length == 0 => new Dictionary<string, object?>(),
            RebuildTensor => View(arguments),
            RebuildParameter when arguments is [PickledTensor tensor, bool, Dictionary<string, object?> { Count: 0 }] => tensor,
            _ => throw Error($"REDUCE: {function.Name} with {arguments.Length} such arguments has no place in a dictionary of tensors"),
        });
    }

    private PickledTensor View(object?[] arguments)
    {
        if (arguments is not [PickledStorage storage, long offset, object?[] sizes, object?[] steps, bool,
            Dictionary<string, object?> { Count: 0 }]
            || sizes.Length != steps.Length || sizes.Length > LargestRank || !sizes.All(s => s is >= 0L) || !steps.All(s => s is >= 0L))
        {
            throw Error($"{RebuildTensor}: expected (storage, offset, size, stride, requires_grad, no hooks), found something else");
        }

        if (++_tensors > LargestTensorCount)
        {
            throw Error($"expected at most {LargestTensorCount} tensors");
        }

        var (shape, strides) = (Array.ConvertAll(sizes, s => (long)s!), Array.ConvertAll(steps, s => (long)s!));
        Int128 elements = 1, last = offset;
        for (var i = 0; i < shape.Length; i++)
        {
            elements *= Math.Max(shape[i], 1);
            last += (Int128)(shape[i] - 1) * strides[i];
            if (elements > long.MaxValue || last > long.MaxValue)
            {
                break;
            }
        }

        // More elements than the storage has only come from a stride of 0, by which a small file asks for any amount of memory.
        var empty = shape.Contains(0);
        if (offset < 0 || offset > storage.Count || elements > long.MaxValue
            || (!empty && (elements > storage.Count || last >= storage.Count)))
        {
            throw Error(
                $"{RebuildTensor}: shape [{string.Join(", ", shape)}], strides [{string.Join(", ", strides)}] from element {offset} on "
                + "do not fit "
                + $"storage {storage.Key} of {storage.Count} elements");
        }

        return new PickledTensor(storage, offset, shape, strides);
    }

    private readonly void SetItems(object?[] pairs)
    {
        if (_stack is not [.., Dictionary<string, object?> target] || pairs.Length % 2 != 0)
        {
            throw Error("expected a dictionary and pairs to put into it, found something else");
        }

        for (var i = 0; i < pairs.Length; i += 2)
        {
            var key = pairs[i] as string ?? throw Error("expected a string as key, found something else");
            if (!target.TryAdd(key, pairs[i + 1]))
            {
                throw Error($"key {key} is there twice");
            }
        }
    }

    private readonly void Append(object?[] items)
    {
        if (_stack is not [.., List<object?> target])
        {
            throw Error("expected a list and items to put into it, found something else");
        }

        target.AddRange(items);
    }

    // An attribute such as _metadata, the versions of a network's modules: of no use here.
    private void Build(object?[] targetAndState)
    {
        if (targetAndState is not [Dictionary<string, object?> target, Dictionary<string, object?>])
        {
            throw Error("BUILD: expected a dictionary and its attributes, found something else");
        }

        Push(target);
    }

    private readonly IReadOnlyDictionary<string, PickledTensor> Result()
    {
        if (_stack is not [Dictionary<string, object?> dictionary])
        {
            throw Error("expected one dictionary of tensors, found something else");
        }

        if (_position != _pickle.Length)
        {
            throw Error($"found {_pickle.Length - _position} bytes behind the end");
        }

        var tensors = new Dictionary<string, PickledTensor>();
        foreach (var (name, value) in dictionary)
        {
            switch (value)
            {
                case PickledTensor tensor: tensors.Add(name, tensor); break;

                // A count of steps, a bias that is none: a network that needs a tensor of that name will miss it.
                case null or bool or long or double or string or List<object?> or object?[]: break;
                default: throw Error($"{name}: expected a tensor, found {Describe(value)}");
            }
        }

        return tensors;
    }

    private static string Describe(object? value) => value is Dictionary<string, object?> ? "a dictionary" : "another value";

    private readonly object?[] Pop(int count)
    {
        var start = _stack.Count - count;
        if (start < 0 || (_marks.Count > 0 && start <= _marks[^1]))
        {
            throw Error($"expected {count} values on the stack, found fewer");
        }

        return Take(start);
    }

    private readonly object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw Error("expected a mark on the stack, found none");
        }

        var mark = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        var values = Take(mark + 1);
        _stack.RemoveAt(mark);
        return values;
    }

    private readonly object?[] Take(int start)
    {
        var values = _stack.GetRange(start, _stack.Count - start).ToArray();
        _stack.RemoveRange(start, _stack.Count - start);
        return values;
    }

    private void Make(object? value)
    {
        if (++_made > LargestCount)
        {
            throw Error($"expected at most {LargestCount} values");
        }

        Push(value);
    }

    private readonly void Push(object? value)
    {
        if (_stack.Count >= LargestStack)
        {
            throw Error($"expected at most {LargestStack} values on the stack");
        }

        _stack.Add(value);
    }

    private readonly void Remember(uint index)
    {
        if (_stack.Count == 0 || _stack[^1] == s_mark)
        {
            throw Error("expected a value to remember, found none");
        }

        _memo[index] = _stack[^1];
        if (_memo.Count > LargestMemo)
        {
            throw Error($"expected at most {LargestMemo} values to remember");
        }
    }

    private readonly void Recall(uint index) =>
        Push(_memo.TryGetValue(index, out var value) ? value : throw Error($"value {index} was never remembered"));

    private readonly long LongInteger(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 8)
        {
            throw Error($"LONG1: expected an integer of 64 bits, found {8 * bytes.Length}");
        }

        long value = 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | (i == bytes.Length - 1 ? (long)(sbyte)bytes[i] : bytes[i]);
        }

        return value;
    }

    private string Text(uint length)
    {
        if (length > LargestString)
        {
            throw Error($"expected a string of at most {LargestString} bytes, found {length}");
        }

        return Encoding.UTF8.GetString(Bytes((int)length));
    }

    private string Line()
    {
        var rest = _pickle[_position..];
        var end = rest[..Math.Min(rest.Length, 256)].IndexOf((byte)'\n');
        if (end < 0)
        {
            throw Error("GLOBAL: expected a line of at most 255 bytes, found no end");
        }

        _position += end + 1;
        return Encoding.UTF8.GetString(rest[..end]);
    }

    private ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > _pickle.Length - _position)
        {
            throw Error($"expected {count} more bytes, found {_pickle.Length - _position}");
        }

        _position += count;
        return _pickle.Slice(_position - count, count);
    }

    private readonly CheckpointException Error(string what) => new($"{_path}: data.pkl, byte {_opcodeAt}: {Printable.Text(what)}.");
}
