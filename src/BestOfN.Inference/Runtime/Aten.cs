using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Runtime;

/// <summary>ATen operators that TorchSharp does not offer, through libtorch's C ABI.</summary>
/// <remarks>Inference only: no gradient flows through these. The caller owns every tensor returned.</remarks>
internal static unsafe class Aten
{
    private static readonly bool s_hasOneDnn = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly Lazy<bool> s_oneDnnHasBFloat16 = new(AskForBFloat16);

    // void* at::native::data_ptr_from_mkldnn(const at::Tensor&): the C ABI has no call for it.
    private static readonly delegate* unmanaged<nint, nint> s_packedData =
        (delegate* unmanaged<nint, nint>)TorchRuntime.Export("_ZN2at6native20data_ptr_from_mkldnnERKNS_6TensorE");

    /// <summary>
    /// Scaled dot-product attention that also returns the log-sum-exp of each query's scores, so that parts can be merged.
    /// </summary>
    /// <param name="q">[B, H, L, D].</param>
    /// <param name="k">[B, H, S, D]; any strides whose last is 1.</param>
    /// <param name="v">As <paramref name="k"/>.</param>
    /// <param name="causal">Query i sees keys 0..i; the first query is aligned with the first key.</param>
    /// <param name="mask">Added to the scores before the softmax, in the type of <paramref name="q"/>, [B, 1, 1, S]; not together with
    /// <paramref name="causal"/>. CUDA wants rows that begin at multiples of 16 elements.</param>
    /// <returns>Output [B, H, L, D] in the type of <paramref name="q"/>; log-sum-exp [B, H, L] in float32 or wider.</returns>
    public static (Tensor Output, Tensor LogSumExp) FlashAttention(Tensor q, Tensor k, Tensor v, bool causal, Tensor? mask = null)
    {
        if (q.device_type == DeviceType.CUDA)
        {
            return FlashAttentionCuda(q, k, v, causal, mask);
        }

        var stack = stackalloc ulong[8];
        stack[0] = Argument(q);
        stack[1] = Argument(k);
        stack[2] = Argument(v);
        stack[3] = 0;                  // dropout_p = 0.0
        stack[4] = causal ? 1u : 0u;
        stack[5] = mask is null ? 0 : Some(Argument(mask));
        stack[6] = 0;                  // scale = None: 1/sqrt(D)
        Call("aten::_scaled_dot_product_flash_attention_for_cpu\0"u8, "\0"u8, stack);
        return (Result(stack[0]), Result(stack[1]));
    }

    /// <summary>x · rsqrt(mean(x²) + eps) · weight over the last dimension, in one pass.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double eps)
    {
        var stack = stackalloc ulong[4];
        stack[0] = Argument(x);
        stack[1] = List(x.size(-1));
        stack[2] = Some(Argument(weight));
        stack[3] = Some(BitConverter.DoubleToUInt64Bits(eps));
        Call("aten::_fused_rms_norm\0"u8, "\0"u8, stack);
        using var reciprocal = Result(stack[1]);
        return Result(stack[0]);
    }

    /// <summary>
    /// Whether oneDNN multiplies bfloat16 here, as it says itself: the processor may be able to where the library was told not to, and the
    /// other way round.
    /// </summary>
    public static bool OneDnnHasBFloat16 => s_hasOneDnn && s_oneDnnHasBFloat16.Value;

    /// <summary>True where <see cref="Linear"/>, <see cref="LinearAdd"/> and <see cref="Prepack"/> serve this type, and fast.</summary>
    /// <remarks>In float32 the default leaves AVX-512 unused on AMD and takes one thread for one row.</remarks>
    public static bool HasOneDnn(ScalarType type, Device device) =>
        device.type == DeviceType.CPU && s_hasOneDnn
            && (type == ScalarType.Float32 || (type == ScalarType.BFloat16 && ComputeTypes.CpuHasBFloat16));

    /// <summary>x · weightᵀ + bias through oneDNN, on the CPU.</summary>
    /// <param name="x">[T, I].</param>
    /// <param name="weight">[O, I], plain or prepacked.</param>
    /// <param name="bias">[O] or null.</param>
    /// <returns>[T, O].</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        nint result;
        var added = bias?.Handle ?? 0;
        fixed (byte* none = "none\0"u8)
        {
            Check(aoti_torch_cpu__linear_pointwise(x.Handle, weight.Handle, bias is null ? null : &added, none, null, 0, null, &result),
                "linear_pointwise");
        }

        GC.KeepAlive(x);
        GC.KeepAlive(weight);
        GC.KeepAlive(bias);
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>As <see cref="Linear"/>, plus a tensor, in one pass.</summary>
    /// <param name="x">[T, I].</param>
    /// <param name="weight">[O, I], prepacked or plain.</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="added">[T, O].</param>
    /// <returns>[T, O].</returns>
    public static Tensor LinearAdd(Tensor x, Tensor weight, Tensor? bias, Tensor added)
    {
        nint result;
        var offset = bias?.Handle ?? 0;
        fixed (byte* add = "add\0"u8)
        {
            Check(
                aoti_torch_cpu__linear_pointwise_binary(x.Handle, added.Handle, weight.Handle, bias is null ? null : &offset, add, &result),
                "linear_pointwise.binary");
        }

        GC.KeepAlive(x);
        GC.KeepAlive(weight);
        GC.KeepAlive(bias);
        GC.KeepAlive(added);
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>
    /// A copy of a weight in the order in which oneDNN reads it: for <see cref="Linear"/> and <see cref="LinearAdd"/> alone, any number of
    /// rows.
    /// </summary>
    /// <param name="weight">[O, I], float32 or bfloat16, on the CPU.</param>
    /// <returns>The same weight on the same memory where the copy would not multiply as it does.</returns>
    public static Tensor Prepack(Tensor weight)
    {
        using var inference = inference_mode();

        // oneDNN pads to its block, and float32 copies whose O is no multiple of 64 then give wrong products: never trusted, always tried.
        using var scope = NewDisposeScope();
        var packed = Reordered(weight);
        var x = weight.narrow(0, 0, Math.Min(4, weight.size(0)));
        var expected = x.matmul(weight.t()).to(ScalarType.Float32);
        var difference = (Linear(x, packed, null).to(ScalarType.Float32) - expected).abs().max().item<float>();
        var tolerance = (weight.dtype == ScalarType.Float32 ? 1e-4f : 2e-2f) * expected.abs().max().item<float>();
        return (difference <= tolerance ? packed : weight.contiguous()).DetachFromDisposeScope();
    }

    /// <summary>
    /// <see cref="Prepack"/> where oneDNN serves the type on the device; else null: weights are best left as they are.
    /// </summary>
    public static Func<Tensor, Tensor>? PrepackFor(ScalarType type, Device device) => HasOneDnn(type, device) ? Prepack : null;

    private static bool AskForBFloat16()
    {
        var stack = stackalloc ulong[1];
        Call("mkldnn::_is_mkldnn_bf16_supported\0"u8, "\0"u8, stack);
        return (byte)stack[0] != 0;
    }

    private static Tensor Reordered(Tensor weight)
    {
        // The order made for many rows was the fastest for one row too: a block of outputs is read from one place.
        const ulong Rows = 512;
        var stack = stackalloc ulong[2];
        stack[0] = Argument(weight);
        stack[1] = Some(Rows);
        Call("mkldnn::_reorder_linear_weight\0"u8, "\0"u8, stack);
        return Result(stack[0]);
    }

    /// <summary>Where the elements of a contiguous tensor on the CPU lie. Valid as long as the tensor.</summary>
    public static nint Data(Tensor tensor)
    {
        nint data;
        Check(aoti_torch_get_data_ptr(tensor.Handle, &data), "get_data_ptr");
        return data;
    }

    /// <summary>
    /// Where what <see cref="Prepack"/> returned lies, in oneDNN's order; 0 where it is a plain weight, or libtorch does not tell. Valid as
    /// long as the tensor.
    /// </summary>
    public static nint PrepackedData(Tensor packed)
    {
        int layout;
        Check(aoti_torch_get_layout(packed.Handle, &layout), "get_layout");
        return s_packedData is null || layout != aoti_torch_layout__mkldnn() ? 0 : s_packedData(packed.Handle);
    }

    /// <summary>A tensor over memory that somebody else owns and keeps alive; not to be written.</summary>
    public static Tensor FromBlob(nint data, ReadOnlySpan<long> shape, ScalarType type)
    {
        var strides = stackalloc long[shape.Length];
        long stride = 1;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }

        nint handle;
        fixed (long* sizes = shape)
        {
            Check(aoti_torch_create_tensor_from_blob(data, shape.Length, sizes, strides, 0, (int)type, 0, 0, &handle), "from_blob");
        }

        return Tensor.UnsafeCreateTensor(handle);
    }

    private static (Tensor Output, Tensor LogSumExp) FlashAttentionCuda(Tensor q, Tensor k, Tensor v, bool causal, Tensor? mask)
    {
        // float32 has no flash kernel on CUDA; the memory-efficient one serves every type and returns the same pair.
        using var bias = mask?.expand(q.size(0), q.size(1), q.size(2), k.size(2));
        var stack = stackalloc ulong[8];
        stack[0] = Argument(q);
        stack[1] = Argument(k);
        stack[2] = Argument(v);
        stack[3] = bias is null ? 0 : Some(Argument(bias));
        stack[4] = 1;                  // compute_log_sumexp
        stack[5] = 0;                  // dropout_p = 0.0
        stack[6] = causal ? 1u : 0u;
        stack[7] = 0;                  // scale = None
        Call("aten::_scaled_dot_product_efficient_attention\0"u8, "\0"u8, stack);
        using var seed = Result(stack[2]);
        using var offset = Result(stack[3]);
        var output = Result(stack[0]);
        using var padded = Result(stack[1]);   // rows are padded to a multiple of 32
        return (output, padded.narrow(2, 0, q.size(2)));
    }

    // The callee takes ownership of every argument, so each gets a handle of its own.
    private static ulong Argument(Tensor tensor)
    {
        nint handle;
        Check(aoti_torch_new_tensor_handle(tensor.Handle, &handle), "new_tensor_handle");
        return (ulong)handle;
    }

    // An optional is a pointer to the value, which the callee frees.
    private static ulong Some(ulong value)
    {
        var memory = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *memory = value;
        return (ulong)memory;
    }

    private static ulong List(long only)
    {
        nint list;
        Check(torch_new_list_reserve_size(1, &list), "new_list");
        Check(torch_list_push_back(list, (ulong)only), "list_push_back");
        return (ulong)list;
    }

    private static Tensor Result(ulong slot) => Tensor.UnsafeCreateTensor((nint)slot);

    private static void Call(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, ulong* stack)
    {
        fixed (byte* n = name, o = overload)
        {
            Check(aoti_torch_call_dispatcher(n, o, stack), System.Text.Encoding.UTF8.GetString(name[..^1]));
        }
    }

    private static void Check(int code, string what)
    {
        if (code != 0)
        {
            throw new InvalidOperationException($"libtorch refused {what}; its own message is on standard error.");
        }
    }

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_call_dispatcher(byte* name, byte* overload, ulong* stack);

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_new_tensor_handle(nint tensor, nint* copy);

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_create_tensor_from_blob(
        nint data, long dimensions, long* sizes, long* strides, long offset, int type, int deviceType, int deviceIndex, nint* result);

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_cpu__linear_pointwise(
        nint x, nint weight, nint* bias, byte* attribute, double** scalars, long scalarCount, byte** algorithm, nint* result);

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_cpu__linear_pointwise_binary(
        nint x, nint other, nint weight, nint* bias, byte* attribute, nint* result);

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_get_data_ptr(nint tensor, nint* data);

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_get_layout(nint tensor, int* layout);

    [DllImport("torch_cpu")]
    private static extern int aoti_torch_layout__mkldnn();

    [DllImport("torch_cpu")]
    private static extern int torch_new_list_reserve_size(nuint size, nint* list);

    [DllImport("torch_cpu")]
    private static extern int torch_list_push_back(nint list, ulong element);
}
