//! The count of a module that can be counted by hand.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, Instruction as I, MemorySection, MemoryType,
    Module, TypeSection, ValType,
};

/// The instructions that one run of [`module`] executes: two, ten turns of eight and three that end the loop,
/// then a fill of ten times sixteen bytes.
pub const INSTRUCTIONS: u64 = 2 + 10 * 8 + 3 + (4 + 10);

/// A module with the exports of `benches/wasm`, and one operation, `x`.
pub fn module() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I64]);
    types.ty().function([ValType::I32], []);
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    for (index, name) in (0..).zip(["name", "prepare", "run"]) {
        functions.function(index);
        exports.export(name, ExportKind::Func, index);
    }
    exports.export("memory", ExportKind::Memory, 0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    let unused = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(unused, &ConstExpr::i32_const(0));
    let mut code = CodeSection::new();
    // The name of operation 0 is one byte at address 0; there are no others.
    code.function(&function(&[I::LocalGet(0), I::I32Eqz, I::I64ExtendI32U]));
    code.function(&function(&[]));
    code.function(&function(&RUN));
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), *b"x");

    let mut module = Module::new();
    module.section(&types).section(&functions);
    module.section(&memories).section(&globals);
    module.section(&exports).section(&code).section(&data);
    module.finish()
}

fn function(instructions: &[I<'_>]) -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    for instruction in instructions.iter().chain([&I::End]) {
        function.instruction(instruction);
    }
    function
}

const RUN: [I<'_>; 18] = [
    I::I32Const(10),
    I::LocalSet(0),
    I::Block(BlockType::Empty),
    I::Loop(BlockType::Empty),
    I::LocalGet(0),
    I::I32Eqz,
    I::BrIf(1),
    I::LocalGet(0),
    I::I32Const(1),
    I::I32Sub,
    I::LocalSet(0),
    I::Br(0),
    I::End,
    I::End,
    I::I32Const(16),
    I::I32Const(0),
    I::I32Const(160),
    I::MemoryFill(0),
];
