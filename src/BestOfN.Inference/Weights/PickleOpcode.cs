namespace BestOfN.Inference.Weights;

/// <summary>Opcodes of Python's pickle, protocol 2, by the names of its module <c>pickletools</c>; the last eight only to name them in
/// errors.</summary>
internal static class PickleOpcode
{
    public const char Proto = '\x80';
    public const char EmptyDict = '}';
    public const char EmptyTuple = ')';
    public const char Mark = '(';
    public const char Tuple = 't';
    public const char Tuple1 = '\x85';
    public const char Tuple2 = '\x86';
    public const char Tuple3 = '\x87';
    public const char BinPut = 'q';
    public const char LongBinPut = 'r';
    public const char BinGet = 'h';
    public const char LongBinGet = 'j';
    public const char BinInt1 = 'K';
    public const char BinInt2 = 'M';
    public const char BinInt = 'J';
    public const char Long1 = '\x8a';
    public const char BinUnicode = 'X';
    public const char NewTrue = '\x88';
    public const char NewFalse = '\x89';
    public const char None = 'N';
    public const char BinFloat = 'G';
    public const char EmptyList = ']';
    public const char Append = 'a';
    public const char Appends = 'e';
    public const char Global = 'c';
    public const char BinPersId = 'Q';
    public const char Reduce = 'R';
    public const char SetItem = 's';
    public const char SetItems = 'u';
    public const char Build = 'b';
    public const char Stop = '.';
    public const char Inst = 'i';
    public const char Obj = 'o';
    public const char NewObj = '\x81';
    public const char NewObjEx = '\x92';
    public const char StackGlobal = '\x93';
    public const char Ext1 = '\x82';
    public const char Ext2 = '\x83';
    public const char Ext4 = '\x84';
}
